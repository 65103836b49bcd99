# Every path the host programs touch. ROOT is empty on a node; tests point it at a fake root.
# shellcheck shell=sh

ROOT=${SYSBOX_ROOT:-}

STATE=$ROOT/var/lib/cdk8s-sysbox      # everything of ours that is not configuration
JOURNAL=$STATE/journal                # the transaction: what must survive SIGKILL and power loss
STATUS=$STATE/status.json             # the last report, read by the coordinator
NODE=$STATE/node                      # the engine and its paths, for when it is down
OWNED=$STATE/owned                    # every file and directory that we made, for an uninstall that removes nothing else
BACKUP=$STATE/backup                  # files that existed before
WORK=$ROOT/run/cdk8s-sysbox           # scratch, in memory: checks work on a full disk
PROGRAMS=$STATE/programs              # releases of these programs; `current` names one

RELEASES=$ROOT/opt/sysbox/releases    # releases of the Sysbox binaries, each named by its digest
CURRENT=$ROOT/opt/sysbox/current      # the release in use: containerd's BinaryName goes through it

MODULES=$ROOT/etc/modules-load.d/cdk8s-sysbox.conf
UNITS=$ROOT/etc/systemd/system
SYSBOX_RUN=/run/sysbox                # sockets; as the kernel lists them, so without ROOT

# Names on the node
MINE=cdk8s-sysbox                     # prefix of our files and transient units
DROP_IN_NAME=$MINE.toml
COMMAND_NEW=.$MINE-new                # suffix of a file that is being written: nothing reads it, and nobody else has it
GUARD_NEW=.$MINE-guard                # the guard's own: it can put the same file back at the same moment as the dead-man
NEW=$COMMAND_NEW
RUN_UNIT=$MINE-run                    # one transient unit for every command: systemd itself keeps two from running at the same time
DEADMAN_UNIT=$MINE-deadman
SYSCTLS_UNIT=$MINE-sysctls.service
GUARD_COMMAND="/bin/sh ${PROGRAMS#"$ROOT"}/current/host.sh guard"
