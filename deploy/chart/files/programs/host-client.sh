# Access to the host: copies the programs there, and runs them in the host's root, in transient units of its systemd.
# shellcheck shell=sh

# As the host sees it.
HOST_PROGRAM=/var/lib/cdk8s-sysbox/programs/current/host.sh

# on_host COMMAND...: in the host's root. systemd is reached because the pod shares the host's PIDs (node-findings); in a chroot
# systemctl does nothing and exits 0 without SYSTEMD_IGNORE_CHROOT.
on_host() { chroot "$HOST" env SYSTEMD_IGNORE_CHROOT=1 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

status() { jq -r --arg key "$1" '.[$key] // ""' "$STATUS" 2>/dev/null || true; }

# How far the host's transaction has got (journal.sh).
journal() { sed -n "s/^$1=//p" "$JOURNAL" 2>/dev/null || true; }

# One word: healthy, daemons-dead, drift, unverified, absent; unknown if the host program could not run.
check_host() { on_host /bin/sh $HOST_PROGRAM check 2>/dev/null || echo unknown; }

# The unit that the host program found containerd in. A unit that somebody stopped is not ours to start.
is_unit_active() {
  unit=$(status unit)
  [ -z "$unit" ] || on_host systemctl --quiet is-active "$unit.service"
}

# publish: copies these programs and the Sysbox binaries. Each release is in a directory named by the hash of its content, complete or absent.
# `sync` without a file, since the image's coreutils 8.22 takes none.
publish() {
  publish_programs || return 1
  [ "$SOURCE" = image ] || return 0
  [ "$DRY_RUN" = true ] || [ -d "$RELEASES/$RELEASE" ] || publish_release || return 1
  forget "$RELEASES/$RELEASE"
}

publish_programs() {
  [ "$(readlink "$PROGRAMS/current" 2>/dev/null)" != "$REVISION" ] || return 0
  mkdir -p "$PROGRAMS" && rm -rf "$PROGRAMS/incoming" "$PROGRAMS/current.new" || return 1
  if [ ! -d "$PROGRAMS/$REVISION" ]; then
    mkdir "$PROGRAMS/incoming" && cp -L "$HERE"/* "$SCRATCH/settings.env" "$PROGRAMS/incoming/" && sync &&
      mv "$PROGRAMS/incoming" "$PROGRAMS/$REVISION" || return 1
  fi
  ln -s "$REVISION" "$PROGRAMS/current.new" && mv -T -f "$PROGRAMS/current.new" "$PROGRAMS/current" && sync
}

# The host program creates the directories, so that they are in its list of what is ours. Everybody may read the binaries, as in a package.
publish_release() {
  on_host /bin/sh $HOST_PROGRAM directories && rm -rf "$RELEASES/incoming" && mkdir -m 755 "$RELEASES/incoming" || return 1
  for binary in sysbox-runc sysbox-fs sysbox-mgr; do
    cp "$IMAGE_BINARIES/$binary" "$RELEASES/incoming/$binary" && chmod 755 "$RELEASES/incoming/$binary" || return 1
  done
  sync && mv "$RELEASES/incoming" "$RELEASES/$RELEASE" && sync
}

# host COMMAND [ARGUMENT...]: runs it in a transient unit of the host. All commands share one unit name, so that one that an earlier pod
# started is awaited, never started twice. A report of another run means that ours was killed: the next round starts it again.
host() {
  # The one gate of a dry run: `prepare` itself stops before it changes anything.
  [ "$DRY_RUN" != true ] || [ "$1" = prepare ] || { say "dry run: the host is not asked to $1"; return 1; }
  wait_for_host
  command=$1
  run=$1-$(cat /proc/sys/kernel/random/uuid)
  shift
  on_host systemd-run --collect --quiet --unit="$RUN_UNIT" /bin/sh $HOST_PROGRAM "$command" "$run" "$RELEASE" "$@" 2>"$SCRATCH/host.err" || {
    failed HostProgram "the host's systemd did not start the host program ($command): $(tail -n 1 "$SCRATCH/host.err")"
    return 1
  }
  wait_for_host
  [ "$(status run)" = "$run" ] || [ "$command" = uninstall ] || {
    failed HostProgram "the host program ($command) was interrupted: it is started again (on the node: journalctl -u $RUN_UNIT)"
    return 1
  }
}

wait_for_host() {
  while on_host systemctl --quiet is-active "$RUN_UNIT.service" ||
    [ "$(on_host systemctl show --property=ActiveState --value "$RUN_UNIT.service")" = activating ]; do
    renew
    [ "$(status reason)" != EngineWaits ] || annotate committed EngineWaits "$(status message)" || true
    interruptible_sleep 2
  done
}
