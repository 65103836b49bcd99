# Where our runtime entry goes, what it says, and the proof that containerd reads it as we mean it.
# shellcheck shell=sh

# The root's version: a drop-in of a higher one stops containerd (containerd#12891), one with the other's table names is not read.
rendered_version() { sed -n 's/^version = \([0-9]*\).*/\1/p' "$CONFIG" | head -n 1; }

# drop_in: the path of our drop-in, empty where the configuration imports none.
drop_in() {
  directory=$(engine_drop_ins)
  [ -z "$directory" ] || canonical "$ROOT$directory/$DROP_IN_NAME"
}

our_template() { engine_templates | head -n 1; }

# choose_path: sets TARGET, FORM and VERSION. A template of ours stays while it is the one in use; one that is taken over is
# replaced by a template, since what is rendered without it is not known before the restart.
choose_path() {
  VERSION=$(rendered_version)
  TARGET=$(drop_in)
  if [ -n "$TARGET" ] && [ -z "$(template_to_take)" ] && ! template_is_ours; then
    FORM=drop-in
    case $VERSION in
      2|3) ;;
      4) VERSION=3 ;; # containerd 2.3 reads a drop-in of version 3 under it (test:merge)
      *) fail ConfigVersion "$CONFIG has version '${VERSION}', and only 2, 3 and 4 are known: use a newer release of this installer" ;;
    esac
    ! present "$TARGET" || is_ours "$TARGET" ||
      fail ForeignFile "$TARGET exists and was not written by this installer: move it away, then the next run continues"
  else
    FORM=template
    TARGET=$(our_template)
    [ -n "$TARGET" ] ||
      fail NoImports "$CONFIG imports no directory: add the line 'imports = [\"$ENGINE_DROP_INS/*.toml\"]' above its first table, then the next run continues"
    refuse_foreign_templates
  fi
}

template_is_ours() { template=$(our_template) && [ -e "$template" ] && is_ours "$template"; }

# template_to_take: the foreign template whose sha256 the user gave.
template_to_take() {
  [ -n "$TAKEOVER" ] || return 0
  engine_templates | while IFS= read -r foreign; do
    if [ -f "$foreign" ] && ! is_ours "$foreign" && [ "$(sha "$foreign")" = "$TAKEOVER" ]; then
      echo "$foreign"
      break
    fi
  done
}

# A hand-written template is never changed, unless its owner names its sha256.
refuse_foreign_templates() {
  foreign=$(foreign_template)
  [ -n "$foreign" ] || return 0
  case $foreign in *-v3.toml.tmpl) lines=$HERE/manual-lines-v3.toml ;; *) lines=$HERE/manual-lines-v2.toml ;; esac
  fail ForeignTemplate "$foreign is not ours. Let the installer replace it with the takeover sha256 $(sha "$foreign"), or add these lines to it by hand: $(cat "$lines")"
}

foreign_template() {
  taken=$(template_to_take)
  engine_templates | while IFS= read -r foreign; do
    if present "$foreign" && ! is_ours "$foreign" && [ "$foreign" != "$taken" ]; then
      echo "$foreign"
      break
    fi
  done
}

# SystemdCgroup as the node's own runc has it: a wrong value puts pods outside kubepods (node-findings).
systemd_cgroup() {
  value=$(dumped "$1" runc.options | sed -n 's/^SystemdCgroup = //p')
  echo "${value:-false}"
}

# fill: the wanted content of TARGET in WORK/wanted, and as a drop-in (what validation reads) in WORK/entry.toml. The entry has
# the version of what is rendered now, which is not a template's: one taken over can be of version 2, or name none.
fill() {
  make_work
  dump "$CONFIG" >"$WORK/before.dump" 2>"$WORK/before.err" ||
    fail BrokenConfiguration "containerd already rejects this node's configuration without our change: $(tail -n 1 "$WORK/before.err")"
  cgroup=$(systemd_cgroup "$WORK/before.dump")
  case $VERSION in
    2|3) sed "s/@SYSTEMD_CGROUP@/$cgroup/" "$HERE/drop-in-v$VERSION.toml" >"$WORK/entry.toml" ;;
    *) sed "s/@SYSTEMD_CGROUP@/$cgroup/; /^version/d" "$HERE/drop-in-v3.toml" >"$WORK/entry.toml" ;;
  esac
  case $FORM in
    drop-in) cp "$WORK/entry.toml" "$WORK/wanted" ;;
    template) cp "$HERE/config-v3.toml.tmpl" "$WORK/wanted" ;;
  esac
}

# containerd decodes and merges, without starting a plugin.
dump() { timeout 60 "$CONTAINERD" -c "$1" config dump; }

# dumped DUMP NAME: the lines of containerd's table for runtime NAME, indentation and order aside.
# Table names are quoted differently by every version, so quotes are dropped before comparing.
dumped() {
  awk -v want=".containerd.runtimes.$2]" '
    /^ *\[/ { name = $0; gsub(/["'\'' ]/, "", name); inside = (substr(name, length(name) - length(want) + 1) == want && name ~ /cri/); next }
    inside && NF { sub(/^ +/, ""); print }' "$1" | sort
}

# trial: the node's configuration without us in WORK/trial.toml, with its imports copied: our drop-in is left out, and what
# our template added stands at the end.
trial() {
  rm -rf "$WORK/imports" && mkdir -p "$WORK/imports" || return 1
  directory=$(engine_drop_ins)
  for import in "$ROOT$directory"/*.toml; do
    [ -n "$directory" ] && [ -f "$import" ] && [ "${import##*/}" != "$DROP_IN_NAME" ] || continue
    cp "$import" "$WORK/imports/" || return 1
  done
  awk -v from="\"${directory:-nothing}/*.toml\"" -v to="\"$WORK/imports/*.toml\"" -v ours="# Written by $MINE" '
    index($0, ours) == 1 { exit }
    { at = index($0, from); print at ? substr($0, 1, at - 1) to substr($0, at + length(from)) : $0 }' "$CONFIG" >"$WORK/trial.toml"
}

# validate: compares values, since `config dump` exits 0 on a missing runtime_type, a misspelt option and a string
# where a boolean belongs (node-findings).
validate() {
  trial
  dump "$WORK/trial.toml" >"$WORK/without.dump" 2>"$WORK/without.err" ||
    fail BrokenConfiguration "containerd rejects this node's configuration even without ours; fix or remove the foreign file first: $(tail -n 1 "$WORK/without.err")"
  refuse_foreign_handler
  if [ -n "$(engine_drop_ins)" ]; then
    cp "$WORK/entry.toml" "$WORK/imports/$DROP_IN_NAME"
  elif [ -z "$(dumped "$WORK/without.dump" "$HANDLER")" ]; then
    grep -v '^version' "$WORK/entry.toml" >>"$WORK/trial.toml"
  fi
  dump "$WORK/trial.toml" >"$WORK/with.dump" 2>"$WORK/with.err" ||
    fail Rejected "containerd rejects the merged configuration: $(tail -n 1 "$WORK/with.err")"
  expect "$HANDLER" runtime_type "$RUNTIME_TYPE"
  expect "$HANDLER.options" BinaryName "$BINARY_DIR/sysbox-runc"
  expect "$HANDLER.options" SystemdCgroup "$cgroup"
  for table in runc runc.options; do
    [ "$(dumped "$WORK/without.dump" "$table")" = "$(dumped "$WORK/with.dump" "$table")" ] ||
      fail RuncChanged "the merged configuration would change containerd's table of $table: a foreign drop-in and ours contradict each other"
  done
}

# A table for our handler that is not ours: two owners of one entry would overwrite each other at every run.
refuse_foreign_handler() {
  [ -n "$(dumped "$WORK/without.dump" "$HANDLER")" ] || return 0
  ! template_is_ours || return 0
  [ -z "$(template_to_take)" ] || return 0
  fail ForeignHandler "containerd's configuration already defines $HANDLER in a file that is not ours ($(defining_files)): remove it there, or give a template's sha256 as takeover"
}

defining_files() {
  { engine_templates; printf '%s\n' "$CONFIG" "$ROOT$(engine_drop_ins)"/*.toml; } | while IFS= read -r file; do
    case $file in */"$DROP_IN_NAME") continue ;; esac
    ! grep -qsF "$HANDLER" "$file" || printf '%s%s' "${comma:-}" "$file"
    comma=' '
  done
}

# expect TABLE KEY VALUE
expect() {
  value=$(dumped "$WORK/with.dump" "$1" | sed -n "s/^$2 = //p" | tr -d "\"'")
  [ "$value" = "$3" ] ||
    fail WrongValue "containerd would read $2 of $1 as '$value' instead of '$3': not committed"
}

# config_in_place: the wanted file is there, and no older one of ours elsewhere.
config_in_place() {
  cmp -s "$WORK/wanted" "$TARGET" && [ -z "$(stale_targets)" ]
}

# configured: every file of ours that the engine's configuration can come from. The list of ours is asked, and not where such a
# file would be written today: a data directory can be reached by several paths.
configured() {
  [ -f "$OWNED" ] || return 0
  while IFS= read -r path; do
    case $path in */"$DROP_IN_NAME"|*.toml.tmpl) ;; *) continue ;; esac
    if [ -e "$path" ] && is_ours "$path"; then printf '%s\n' "$path"; fi
  done <"$OWNED"
}

# stale_targets: those that this node no longer reads (another version is rendered, or it began to import).
stale_targets() { configured | grep -vxF "$TARGET" || true; }
