# Who may restart now. One Lease holds the whole state, so that its resourceVersion makes every rule below atomic.
# Input: {state, nodes, me, plan, concurrency, budget}; output: {grant, why, state}.
#   state.holders: node -> {role, beat}    nodes between grant and release; `beat` counts renewals
#   state.failed:  node -> reason          nodes that were rolled back or vanished: they spend the failure budget
#   state.done:    number of nodes that succeeded with this plan; the first is the canary
def is_server: .metadata.labels["node-role.kubernetes.io/control-plane"] != null;
def is_etcd: .metadata.labels["node-role.kubernetes.io/etcd"] != null;
def condition($type): [.status.conditions[]? | select(.type == $type) | .status] | first // "Unknown";
def healthy_server: condition("Ready") == "True" and (is_etcd and condition("EtcdIsVoter") != "True" | not);
def pending_agent($plan):
  (is_server | not) and .metadata.labels["sysbox-install"] == "yes" and condition("Ready") == "True"
  and (.metadata.annotations["cdk8s-sysbox.io/plan"] != $plan
       or (.metadata.annotations["cdk8s-sysbox.io/stage"] | . != "ready" and . != "failed"));

. as $in
| (.state // {}) as $old
# Another plan starts a rollout of its own; nodes still in restart stay counted.
| (if $old.plan == $in.plan then $old else {plan: $in.plan, holders: ($old.holders // {}), failed: {}, done: 0} end) as $state
| ([$in.nodes[] | select(.metadata.name == $in.me)] | first) as $self
| ($self | is_server) as $server
| ($state.holders | length) as $held
| ($state.failed | length) as $failed
| [$in.nodes[] | select(is_server and .metadata.name != $in.me and (healthy_server | not)) | .metadata.name] as $sick
| [$in.nodes[] | select(pending_agent($in.plan) and .metadata.name != $in.me) | .metadata.name] as $agents
| (if $state.holders[$in.me] then ""
   elif $failed >= $in.budget then
     "the failure budget of \($in.budget) is spent (\($state.failed | keys | join(", "))): the rollout has stopped"
   elif $held + $failed >= $in.budget then "waiting: as many nodes are in restart as the failure budget could lose"
   elif $held >= (if $state.done == 0 then 1 else $in.concurrency end) then
     (if $state.done == 0 then "waiting for the first node of the rollout" else "waiting for one of \($in.concurrency) restart slots" end)
   elif $server and ([$state.holders[] | select(.role == "server")] | length > 0) then "waiting for another server"
   elif $server and ($sick | length > 0) then "waiting until the servers \($sick | join(", ")) are Ready (and etcd voters)"
   elif $server and ($agents | length > 0) then "waiting until the agents are done: \($agents[0:5] | join(", "))"
   else "" end) as $why
| if $why == "" then
    {grant: true, why: "", state: ($state
      | .holders[$in.me] = {role: (if $server then "server" else "agent" end), beat: (($state.holders[$in.me].beat // 0) + 1)}
      | del(.failed[$in.me]))}
  else {grant: false, why: $why, state: $state} end
