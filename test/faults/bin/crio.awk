# A later file replaces a runtime's table, and single keys of any other.
function refuse(why) { print "level=fatal msg=\"update config from drop-in file: unable to decode configuration " FILENAME ": " why "\"" >"/dev/stderr"; refused = 1; exit 1 }
function set_key(name, key, value) { values[name, key] = value; if (!((name, key) in seen)) { seen[name, key] = 1; keys[name] = keys[name] " " key } }
function begin(name) { named = 1; split(keys[name], old, " "); for (i in old) delete seen[name, old[i]]; keys[name] = ""; known[name] = 1 }
function text(name, key, fallback) { return (name, key) in seen ? values[name, key] : fallback }
function print_list(key) {
  list = text(name, key, "")
  gsub(/^\[|\]$/, "", list)
  if (list == "") return
  print comment key " = ["
  m = split(list, item, ",")
  for (k = 1; k <= m; k++) { gsub(/^ +| +$/, "", item[k]); if (item[k] != "") print comment "\t" item[k] "," }
  print comment "]"
}
# The runtime that there is by default.
BEGIN {
  begin("crun")
  named = 0
  set_key("crun", "runtime_type", "\"oci\"")
  set_key("crun", "runtime_root", "\"/run/crun\"")
  set_key("crun", "monitor_env", "[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"]")
  set_key("crun", "allowed_annotations", "[\"io.containers.trace-syscall\", \"devices.crio.io\"]")
}
FNR == 1 { table = ""; list = ""; split("", tables) }
{ sub(/^[ \t]+/, ""); sub(/[ \t]+$/, "") }
/^#/ || /^$/ { next }
list != "" {
  list = list $0
  if ($0 !~ /\]$/) next
  $0 = list
  list = ""
}
/^\[.*\]$/ {
  table = substr($0, 2, length($0) - 2)
  if (table in tables) refuse("toml: Key '" table "' has already been defined.")
  tables[table] = 1
  if (sub(/^crio\.runtime\.runtimes\./, "", table)) { runtime = 1; begin(table) } else runtime = 0
  next
}
/^[a-z_]+ *= *\[/ && !/\]$/ { list = $0; next }
!/^[a-z_]+ *= *("[^"]*"|true|false|[0-9]+|\[.*\])$/ { refuse("toml: expected value") }
{
  key = $0; sub(/ *=.*/, "", key)
  value = $0; sub(/^[^=]*= */, "", value)
  if (key ~ /^(runtime_(path|type|root)|monitor_path|cgroup_manager)$/ && value !~ /^"/) refuse("incompatible types: TOML value has type int64; destination has type string")
  if (runtime) set_key(table, key, value); else set_key("", key, value)
}
END {
  if (refused) exit 1
  manager = text("", "cgroup_manager", "\"systemd\"")
  print "[crio]\n\n# storage_driver = \"\"\n\n[crio.runtime]\n"
  print (manager == "\"systemd\"" ? "# " : "") "cgroup_manager = " manager "\n"
  print "# [crio.runtime.runtimes.runtime-handler]\n# runtime_path = \"/path/to/the/executable\""
  n = 0
  for (name in known) names[++n] = name
  for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (names[j] < names[i]) { swap = names[i]; names[i] = names[j]; names[j] = swap }
  # What is as by default is in a comment.
  comment = named || manager != "\"systemd\"" ? "" : "# "
  for (i = 1; i <= n; i++) {
    name = names[i]
    print "\n" comment "[crio.runtime.runtimes." name "]"
    print comment "runtime_path = " text(name, "runtime_path", "\"\"")
    print comment "runtime_type = " text(name, "runtime_type", "\"\"")
    print comment "runtime_root = " text(name, "runtime_root", "\"\"")
    print comment "monitor_path = " text(name, "monitor_path", "\"\"")
    print_list("monitor_env")
    print ""
    print_list("allowed_annotations")
    print comment "privileged_without_host_devices = false\n\n"
  }
  print "# The workloads table defines ways to customize containers with different resources\n# [crio.runtime.workloads.workload-type]"
  print "\n[crio.image]\n# default_transport = \"docker://\""
}
