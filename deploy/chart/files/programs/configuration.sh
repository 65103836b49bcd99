# Where our runtime entry is written, its content, and the check that the engine reads it as intended.
# shellcheck shell=sh

# drop_in: the path of our drop-in, empty where the configuration imports none.
drop_in() {
  directory=$(engine_drop_ins)
  [ -z "$directory" ] || canonical "$ROOT$directory/$DROP_IN_NAME"
}

our_template() { engine_templates | head -n 1; }

# choose_path: sets TARGET and FORM. A template of ours is kept while it is in use. One that is taken over is replaced by a template, since
# what the engine renders without it is unknown before the restart.
choose_path() {
  TARGET=$(drop_in)
  if [ -n "$TARGET" ] && [ -z "$(template_to_take)" ] && ! template_is_ours; then
    FORM=drop-in
    engine_check_version
    ! present "$TARGET" || is_ours "$TARGET" ||
      fail ForeignFile "$TARGET exists and was not written by this installer: move it away, then the next run continues"
  else
    FORM=template
    TARGET=$(our_template)
    [ -n "$TARGET" ] || fail NoImports "$(lacks_imports)"
    refuse_foreign_templates
  fi
}

lacks_imports() {
  echo "$CONFIG imports no directory: add the line 'imports = [\"$ENGINE_DROP_INS/*.toml\"]' above its first table, then the next run continues"
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
  engine_refuse_template "$foreign"
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

# fill: the wanted content of TARGET in WORK/wanted, and as a drop-in (what validation reads) in WORK/entry.toml.
fill() {
  make_work
  engine_dump "$CONFIG" >"$WORK/before.dump" 2>"$WORK/before.err" ||
    fail BrokenConfiguration "$ENGINE_DAEMON already rejects this node's configuration without our change: $(tail -n 1 "$WORK/before.err")"
  engine_entry "$WORK/before.dump" >"$WORK/entry.toml"
  case $FORM in
    drop-in) cp "$WORK/entry.toml" "$WORK/wanted" ;;
    template) engine_template >"$WORK/wanted" ;;
  esac
}

# validate: compares values, since an engine can accept a configuration and read other values than intended.
validate() {
  engine_trial
  engine_dump "$WORK/trial.toml" >"$WORK/without.dump" 2>"$WORK/without.err" ||
    fail BrokenConfiguration "$ENGINE_DAEMON rejects this node's configuration even without ours; fix or remove the foreign file first: $(tail -n 1 "$WORK/without.err")"
  refuse_foreign_handler
  engine_add_entry
  engine_dump "$WORK/trial.toml" >"$WORK/with.dump" 2>"$WORK/with.err" ||
    fail Rejected "$ENGINE_DAEMON rejects the merged configuration: $(tail -n 1 "$WORK/with.err")"
  engine_expect
  [ "$(engine_others "$WORK/without.dump")" = "$(engine_others "$WORK/with.dump")" ] ||
    fail OthersChanged "the merged configuration would change what $ENGINE_DAEMON reads for its other runtimes: a foreign drop-in and ours contradict each other"
}

# A table for our handler that is not ours: two owners of one entry would overwrite each other at every run.
refuse_foreign_handler() {
  [ -n "$(engine_table "$WORK/without.dump" "$HANDLER")" ] || return 0
  ! template_is_ours || return 0
  case $(template_to_take) in ''|"$CONFIG") ;; *) return 0 ;; esac # a template is replaced as a whole
  fail ForeignHandler "the configuration of $ENGINE_DAEMON already defines $HANDLER in a file that is not ours ($(defining_files)): remove it there, or give a template's sha256 as the setting node.takeoverSha256 (TAKEOVER)"
}

defining_files() {
  { engine_templates; printf '%s\n' "$CONFIG" "$ROOT$(engine_drop_ins)"/*; } | while IFS= read -r file; do
    case $file in */"$DROP_IN_NAME") continue ;; esac
    ! grep -qsF "$HANDLER" "$file" || printf '%s%s' "${comma:-}" "$file"
    comma=' '
  done
}

# expect TABLE KEY VALUE
expect() {
  value=$(engine_table "$WORK/with.dump" "$1" | sed -n "s/^$2 = //p" | tr -d "\"'")
  [ "$value" = "$3" ] ||
    fail WrongValue "$ENGINE_DAEMON would read $2 of $1 as '$value' instead of '$3': not committed"
}

# config_in_place: whether TARGET has the wanted content, and no other configuration file of ours is left.
config_in_place() {
  cmp -s "$WORK/wanted" "$TARGET" && [ -z "$(stale_targets)" ]
}

# configured: every configuration file of ours that the engine can read. Taken from the list of what is ours, not from the path of today: a
# data directory can be reached by several paths.
configured() {
  [ -f "$OWNED" ] || return 0
  while IFS= read -r path; do
    case $path in */"$DROP_IN_NAME"|*.toml.tmpl|"$CONFIG") ;; *) continue ;; esac
    if [ -e "$path" ] && is_ours "$path"; then printf '%s\n' "$path"; fi
  done <"$OWNED"
}

# stale_targets: configuration files of ours other than TARGET (the engine renders another version, or imports drop-ins now).
stale_targets() { configured | grep -vxF "$TARGET" || true; }
