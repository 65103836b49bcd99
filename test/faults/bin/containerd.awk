# The first file is the root; the others are its imports.
function refuse(why) { print "containerd: failed to load TOML from " FILENAME ": " why >"/dev/stderr"; refused = 1; exit 1 }
function runtime_of(table) {
  if (version == 2) prefix = "plugins.io.containerd.grpc.v1.cri.containerd.runtimes."
  else prefix = "plugins.io.containerd.cri.v1.runtime.containerd.runtimes."
  return index(table, prefix) == 1 ? substr(table, length(prefix) + 1) : ""
}
FNR == 1 { file++; version = root_version + 0; table = ""; name = ""; split("", tables) }
{ sub(/^[ \t]+/, ""); sub(/[ \t]+$/, "") }
/^#/ || /^$/ { next }
/^\[.*\]$/ {
  table = $0
  gsub(/["'\[\]]/, "", table)
  if (table in tables) refuse("toml: table " table " already exists")
  tables[table] = 1
  name = runtime_of(table)
  if (name != "" && !(name in known)) { known[name] = ++runtimes; order[runtimes] = name }
  next
}
!/^[A-Za-z0-9_"'.-]+ *= *(".*"|'.*'|true|false|[0-9]+|\[.*\])$/ { refuse("toml: expected a value: " $0) }
{
  key = $0; sub(/ *=.*/, "", key)
  value = $0; sub(/^[^=]*= */, "", value)
}
table == "" && key == "version" {
  version = value
  if (file == 1) root_version = value
  else if (value + 0 > root_version + 0) refuse("config version " value " is above the version " root_version " of the root")
  if (value > 4) refuse("unsupported version " value)
  next
}
table == "" && key == "default_runtime_name" { next }
name != "" {
  if (key == "runtime_type" && value !~ /^["']/) refuse("runtime_type must be a string")
  gsub(/"/, "'", value)
  values[name, key] = value
  if (!((name, key) in seen)) { seen[name, key] = 1; keys[name] = keys[name] " " key }
}
END {
  if (refused) exit 1
  print "version = 4"
  for (i = 1; i <= runtimes; i++) {
    print "\n        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes." order[i] "]"
    n = split(keys[order[i]], k, " ")
    for (j = 1; j <= n; j++) print "          " k[j] " = " values[order[i], k[j]]
  }
}
