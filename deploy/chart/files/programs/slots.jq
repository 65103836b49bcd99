# The rules of a rollout. One ConfigMap holds its state, so that the ConfigMap's resourceVersion makes every transition atomic.
#
# Annotations of the ConfigMap:
#   <node>/slot      "held ROLE REVISION BEAT [REASON]": between grant and release; REASON when the node had failed before
#                    "failed ROLE REVISION BEAT REASON": rolled back. Only the node itself writes it, others may remove it (rollout-policy.ts)
#   …/revision       the revision that is rolled out
#   …/done           number of nodes that run it
#   …/nodes          number of nodes that are to run it
#   …/failed, …/pending  "COUNT: first names", for people and GitOps tools
#   …/counted-at     resourceVersion of the node list that the counts are from
#
# Output, one per line: verdict, role and revision of this node's slot; why; seconds until the next look and a node to look up;
# the annotations to write, or "-"; what was observed.

def note($key): "cdk8s-sysbox.io/" + $key;
def names: sort | if length > 5 then .[0:5] + ["…"] else . end | join(", ");
def counted: if length == 0 then "0" else "\(length): \(names)" end;

# --- nodes ---

def has_label($key): .metadata.labels[$key] != null;
# A server of K3s may run etcd alone (--disable-apiserver).
def is_server: has_label("node-role.kubernetes.io/control-plane") or has_label("node-role.kubernetes.io/etcd");
def role: if is_server then "server" else "agent" end;
def condition($type): [.status.conditions[]? | select(.type == $type) | .status] | first // "Unknown";
def is_ready: condition("Ready") == "True";
def is_voter: (has_label("node-role.kubernetes.io/etcd") | not) or condition("EtcdIsVoter") == "True";
def is_cordoned: .spec.unschedulable == true;
def is_selected: (.metadata.labels // {}) as $labels | all($selector | to_entries[]; $labels[.key] == .value);
def stage: if .metadata.annotations[note("revision")] == $revision then .metadata.annotations[note("stage")] // "" else "" end;
def is_done: stage | . == "ready" or . == "removed";
def is_failed: stage == "failed";
# Agents that the servers wait for. Nobody waits for a node that is not Ready or has been refused.
def waiting_agents: [$nodes[] | select((is_server | not) and is_selected and is_ready and (is_done or is_failed | not) and .metadata.name != $me) | .metadata.name];
def self: [$nodes[] | select(.metadata.name == $me)] | first;

# --- the state ---

def read_state: (.metadata.annotations // {}) as $notes
  | {version: .metadata.resourceVersion, revision: $notes[note("revision")], done: ($notes[note("done")] // "0" | tonumber? // 0),
     nodes: ($notes[note("nodes")] // "0" | tonumber? // 0), failed: $notes[note("failed")], pending: $notes[note("pending")],
     counted_at: $notes[note("counted-at")],
     slots: ($notes | with_entries(select(.key | endswith("/slot")) | .key |= rtrimstr("/slot")
       | .value |= (split(" ") | {state: .[0], role: .[1], revision: .[2], beat: .[3], reason: (.[4:] | join(" "))})))};

def text: [.state, .role, .revision, .beat, .reason] | map(select(. != null and . != "")) | join(" ");
# Annotations of others on the ConfigMap stay.
def annotations($notes): . as $state
  | ($notes | with_entries(select(.key | (endswith("/slot") or startswith("cdk8s-sysbox.io/")) | not)))
    + ($state.slots | with_entries(.key += "/slot" | .value |= text))
    + ({revision, done, nodes, failed, pending, "counted-at": .counted_at}
        | with_entries(select(.value != null) | .key |= note(.) | .value |= tostring));

# A rollout of another revision begins at zero. Nodes that are still restarting count, failures of the older revision do not.
def begin: if .revision == $revision then .
  else {version, revision: $revision, done: 0, nodes, slots: (.slots | with_entries(select(.value.state == "held" or .key == $me)))} end;

# --- what this node has observed, by its own clock: clocks of two nodes are never compared ---

# A holder renews its beat. If the beat does not change for long enough, the holder has vanished.
def facts: (.slots | to_entries | map(select(.value.state == "held") | {key: "beat \(.key)", value: .value.beat}))
  + [$nodes[] | select(is_server) | {key: "cordoned \(.metadata.name)", value: is_cordoned}]
  + (if $known == "all" then [{key: "agents", value: waiting_agents}] else [] end) + [{key: "version", value: .version}] | from_entries;

# Since when each of them has its value. After a time in which this node could not look (an outage, a reboot), all times begin again: the
# others may not have been able to renew either.
def look: facts as $now
  | (if $seen[0].at and $at >= $seen[0].at and $at - $seen[0].at <= $expiry / 2 then $seen[0].facts else {} end) as $before
  | {at: $at, facts: (($before | with_entries(select(.key | startswith("beat ") | not)))
      + ($now | with_entries(.value as $what | .value = if $before[.key].what == $what then $before[.key] else {what: $what, since: $at} end)))};

def lasts($look; $fact): $at - ($look.facts[$fact].since // $at);
def stands_still($look): .value.state == "held" and $look.facts["beat \(.key)"].what == .value.beat and lasts($look; "beat \(.key)") >= $expiry / 4;
def has_vanished($look): stands_still($look) and lasts($look; "beat \(.key)") >= $expiry;

# --- the rules ---

# Ramp-up: as many at a time as have succeeded, and one more, up to `concurrency`: a canary, then waves that double.
def limit: (if $concurrency | endswith("%") then [1, (.nodes * ($concurrency | rtrimstr("%") | tonumber) / 100 | floor)] | max
  else $concurrency | tonumber end) as $most | [.done + 1, $most] | min;

# Why no server may be restarted, or null.
def peers_problem($look):
  ([$nodes[] | select(is_server) | .status.nodeInfo.kubeletVersion] | unique) as $versions
  | ([$nodes[] | select(is_server and .metadata.name != $me)]) as $peers
  | [$peers[] | select((is_ready and is_voter | not) or (is_cordoned and lasts($look; "cordoned \(.metadata.name)") < $expiry)) | .metadata.name] as $sick
  | if $versions | length > 1 then "the servers run different kubelets (\($versions | join(", "))): an upgrade of K3s is under way"
    elif (self | is_server) and ($sick | length > 0) then "waiting until the other servers are Ready, etcd voters and not cordoned: \($sick | names)"
    else null end;

# The verdict on a restart of this node, and why. `known` tells which nodes were read: none, servers (and this node), all. Most looks end
# before any is needed, so that a thousand waiting nodes cost the API server one small GET each.
def verdict($look): . as $state
  | (.slots | to_entries | map(select(.key != $me))) as $others
  | ($others | map(select(.value.state == "held" and (has_vanished($look) | not)))) as $held
  | ($others | map(select(.value.revision == $revision and (.value.state == "failed" or has_vanished($look))) | .key)) as $failed
  | if .slots[$me].state == "held" and .slots[$me].revision == $revision then ["granted", ""]
    elif ($failed | length) >= $budget then ["stopped", "the failure budget of \($budget) is spent (\($failed | names)). Fix these nodes and annotate each cdk8s-sysbox.io/retry=true, or start the rollout again: \($reset)"]
    elif ($held | length) >= limit then ["wait", if .done == 0 then "waiting for the first node of the rollout" else "waiting for a restart slot" end]
    elif any($held[]; .value.role == "server") then ["wait", "waiting for the server \($held | map(.key) | names)"]
    elif $known == "none" then ["ask", ""]
    elif self == null then ["wait", "this node is not known to the API server"]
    elif self | is_ready | not then ["wait", "this node is not Ready: it is not restarted"]
    elif peers_problem($look) != null then ["wait", peers_problem($look)]
    elif self | is_server | not then ["granted", ""]
    elif ($held | length) > 0 then ["wait", "waiting for the agents in restart"]
    elif $known == "servers" then ["ask", ""]
    elif (waiting_agents | length) > 0 and lasts($look; "agents") < $expiry then ["wait", "waiting until the agents are done: \(waiting_agents | names)"]
    else ["granted", ""] end;

# Seconds until the next look: all that wait ask about five times a second together. Where no restart is under way, less and less
# often, up to once a minute. Between 0 and twice as long, so that they spread over the time whenever they began.
def pause($look): ([$poll, ([.nodes - .done, 0] | max) * 0.2] | max) as $shortest
  | (if any(.slots[]; .state == "held") then $shortest else [$shortest, ([lasts($look; "version") / 2, 60] | min)] | max end)
  | [., $expiry / 4, 300] | min * $random / 32768 | [., 1] | max | ceil;

# A node to look up, chosen at random: if it is gone, its entry must not count.
def suspect($look): [.slots | to_entries[] | select(.key != $me and (.value.state == "failed" or stands_still($look))) | .key]
  | if length == 0 then "-" else .[$random % length] end;

# --- the transitions ---

def grant: .slots[$me] = {state: "held", role: (self | role), revision: $revision, beat: .version,
  reason: (.slots[$me] | if .state == "failed" and .revision == $revision then .reason else null end)};
# A holder whose entry was removed by somebody writes it again.
def renew: .slots[$me] = {role: $role, revision: $revision} + .slots[$me] + {state: "held", beat: .version};
def succeed: if .slots[$me].revision == .revision then .done += 1 else . end | del(.slots[$me]);
def fail: .slots[$me] = {state: "failed", role: $role, revision: (.slots[$me].revision // $revision), beat: .version, reason: $argument};
# Nothing was changed on the node: its entry is what it was before.
def put_back: if (.slots[$me].reason // "") == "" then del(.slots[$me]) else .slots[$me].state = "failed" end;
# The counts of all nodes, and no entry of a node that is not among them.
def count($look): begin
  | [$nodes[] | select(is_selected)] as $selected
  | ([$selected[] | {key: .metadata.name, value: true}] | from_entries) as $exists
  | .slots |= with_entries(select($exists[.key]))
  | (.slots | with_entries(select(.value.revision == $revision and (.value.state == "failed" or has_vanished($look))))) as $lost
  | [$selected[] | select(is_done)] as $done
  | [$selected[] | select(is_done | not) | select(is_failed or $lost[.metadata.name]) | .metadata.name] as $failed
  | .done = ($done | length) | .nodes = ($selected | length) | .failed = ($failed | counted)
  | .pending = ([$selected[] | select(is_done | not) | .metadata.name] - $failed | counted) | .counted_at = $argument;

. as $rollout | read_state as $read
| (if $act == "acquire" or $act == "peers" then $read | look else $seen[0] // {} end) as $look
| (if $act == "acquire" then
     ($read | begin | verdict($look)) as [$verdict, $why]
     | {verdict: $verdict, why: $why, state: (if $verdict == "granted" then $read | begin | grant else $read end)}
   elif $act == "peers" then ($read | peers_problem($look)) as $why | {verdict: (if $why then "wait" else "granted" end), why: ($why // ""), state: $read}
   elif $act == "find" then {verdict: ($read.slots[$me].state // "free"), why: "", state: $read}
   elif $act == "forget" then {verdict: "free", why: "", state: ($read | del(.slots[$argument]))}
   elif $act == "count" then {verdict: "free", why: "", state: ($read | count($look))}
   else {verdict: "free", why: "", state: ($read | if $act == "renew" then renew elif $act == "success" then succeed
     elif $act == "failure" then fail else put_back end)}
   end) as $out
| "\($out.verdict) \($out.state.slots[$me].role // "-") \($out.state.slots[$me].revision // "-")",
  $out.why,
  (if $act == "acquire" then "\($read | pause($look)) \($read | suspect($look))" else "0 -" end),
  (if $out.state == $read then "-" else $out.state | annotations($rollout.metadata.annotations // {}) | tojson end),
  ($look | tojson)
