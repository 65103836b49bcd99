# The rollout's state and its transitions. One Lease holds the whole state, so that its resourceVersion makes each of them atomic.
# Input: the Lease. Output, one a line: verdict, role and revision of this node's slot; why; the state to write, or "-"; what was seen.
#   .revision  the revision that is rolled out
#   .holders  node -> {role, revision, beat}: nodes between grant and release, `before` if one had failed already
#   .failed   node -> reason: nodes that were rolled back or vanished; they spend the failure budget
#   .done     number of nodes that succeeded with this revision; the first is the canary
#   .serial   counts grants and renewals, so that no beat is ever the same twice

def has_label($key): .metadata.labels[$key] != null;
# A server of K3s may run etcd alone (--disable-apiserver).
def is_server: has_label("node-role.kubernetes.io/control-plane") or has_label("node-role.kubernetes.io/etcd");
def condition($type): [.status.conditions[]? | select(.type == $type) | .status] | first // "Unknown";
def is_healthy: condition("Ready") == "True" and (has_label("node-role.kubernetes.io/etcd") and condition("EtcdIsVoter") != "True" | not);
def is_selected: (.metadata.labels // {}) as $labels | all($selector | to_entries[]; $labels[.key] == .value);
def is_pending: (is_server | not) and is_selected and condition("Ready") == "True"
  and (.metadata.annotations["cdk8s-sysbox.io/revision"] != $revision
       or (.metadata.annotations["cdk8s-sysbox.io/stage"] | . != "ready" and . != "failed"));
def names: keys_unsorted[0:5] | join(", ");

# The beats of the holders, and since when *by our own clock* each of them stands still: clocks of two nodes are never compared.
# After a time in which we could not look (an outage, a reboot) everybody's time starts again: they could not renew either.
def look($holders): ($seen[0] // {}) as $before
  | (if $before.at and $at >= $before.at and $at - $before.at <= $expiry / 2 then $before.holders else {} end) as $known
  | {at: $at, holders: ($holders | with_entries(.value.beat as $beat
      | .value = if $known[.key].beat == $beat then $known[.key] else {beat: $beat, since: $at} end))};

def fail($node; $why): if (.holders[$node].revision // .revision) == .revision then .failed[$node] = $why else . end | del(.holders[$node]);

# Holders that stand still for too long are given up; they count as failed, since nobody knows in what state they are.
def give_up($now): reduce ($now.holders | to_entries[] | select(.key != $me and $at - .value.since >= $expiry) | .key) as $node
  (.; fail($node; "its installer vanished in the middle of the restart"));

# Another revision starts a rollout of its own; nodes still in restart stay counted.
def under_this_revision: if .revision == $revision then . else . + {revision: $revision, failed: {}, done: 0} end;

# What stands against a restart of this node, as [verdict, why]. `known` tells which nodes were read: none, self, all. Most
# polls end before any is needed, so that hundreds of waiting nodes cost the API server one small GET each.
def verdict: . as $state
  | (.holders | del(.[$me])) as $held
  | (.failed | del(.[$me])) as $lost
  | ([$nodes[] | select(.metadata.name == $me)] | first) as $self
  | ([$nodes[] | select(.metadata.name != $me and is_server and (is_healthy | not)) | .metadata.name]) as $sick
  | ([$nodes[] | select(.metadata.name != $me and is_pending and ($lost[.metadata.name] | not)) | .metadata.name]) as $agents
  | if .holders[$me].revision == $revision then ["granted", ""]
    elif ($lost | length) >= $budget then
      ["stopped", "the failure budget of \($budget) is spent (\($lost | names)): the rollout has stopped. Another revision starts a new one; so does a failed node that succeeds (annotate it cdk8s-sysbox.io/retry=true)"]
    elif ($held + $lost | length) >= $budget then ["wait", "waiting: as many nodes are in restart as the failure budget could lose"]
    elif .done == 0 and ($held | length) > 0 then ["wait", "waiting for the first node of the rollout"]
    elif ($held | length) >= $concurrency then ["wait", "waiting for one of \($concurrency) restart slots"]
    elif any($held[]; .role == "server") then ["wait", "waiting for the server \($held | names)"]
    elif $known == "none" then ["ask", ""]
    elif $self == null then ["wait", "this node is not known to the API server"]
    elif $self | is_server | not then ["granted", ""]
    elif ($held | length) > 0 then ["wait", "waiting for the agents in restart: \($held | names)"]
    elif $known == "self" then ["ask", ""]
    elif ($sick | length) > 0 then ["wait", "waiting until the other servers are Ready and etcd voters: \($sick[0:5] | join(", "))"]
    elif ($agents | length) > 0 then ["wait", "waiting until the agents are done: \($agents[0:5] | join(", "))"]
    else ["granted", ""] end;

def beat: .serial += 1 | .holders[$me].beat = .serial;
def role: if [$nodes[] | select(.metadata.name == $me)] | first | is_server then "server" else "agent" end;
def grant: .failed[$me] as $before
  | .holders[$me] = (.holders[$me] // {role: role} + if $before then {before: $before} else {} end) + {revision: $revision}
  | del(.failed[$me]) | beat;

# A holder whose slot is gone from the state (the Lease was deleted) takes it again; one that was given up stays counted as failed.
def renew: if .holders[$me] then beat
  elif .failed[$me] then .
  else .revision = (.revision // $revision) | .holders[$me] = {role: $role, revision: $revision} | beat end;

def succeed: if .failed[$me] or .holders[$me].revision == .revision then .done += 1 else . end | del(.holders[$me], .failed[$me]);
# Nothing was changed on the node: it is counted as it was counted before.
def put_back: if .holders[$me].before then .failed[$me] = .holders[$me].before else . end | del(.holders[$me]);

(.metadata.annotations["cdk8s-sysbox.io/rollout"] // "{}" | fromjson
  | {revision, holders: (.holders // {}), failed: (.failed // {}), done: (.done // 0), serial: (.serial // 0)}) as $read
| (if $act == "acquire" then look($read.holders) else $seen[0] // {} end) as $now
| (if $act == "acquire" then
     ($read | give_up($now)) as $left
     | ($left | under_this_revision | verdict) as [$verdict, $why]
     | {verdict: $verdict, why: $why, state: (if $verdict == "granted" then $left | under_this_revision | grant else $left end)}
   elif $act == "find" then
     {verdict: (if $read.holders[$me] then "held" elif $read.failed[$me] then "failed" else "free" end), why: "", state: $read}
   else
     {verdict: "free", why: "", state: ($read | if $act == "renew" then renew elif $act == "success" then succeed
       elif $act == "failure" then .revision = (.revision // $revision) | fail($me; $reason) else put_back end)}
   end) as $out
| "\($out.verdict) \($out.state.holders[$me].role // "-") \($out.state.holders[$me].revision // "-")",
  $out.why,
  (if $out.state == $read then "-" else $out.state | tojson end),
  ($now | tojson)
