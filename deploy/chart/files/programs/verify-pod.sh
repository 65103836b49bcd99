# The final check of a change: a real pod on this node, under the runtime and before any other. The sandbox through the CRI proves less: Calico's
# CNI plugin refuses one without a pod, and a kernel before 6.3 starts a sandbox, but no pod with a volume on tmpfs, such as a token.
# shellcheck shell=sh

# verify_pod: whether the pod ran. Otherwise POD_REASON is NoVerificationPod if it could not be created, which says nothing about the runtime, or
# VerificationPodFailed if the node did not run it; POD_ERROR is the server's or the kubelet's message. The pod is deleted in any case.
verify_pod() {
  POD=verify-$REVISION-$(printf '%s' "$NODE_NAME" | sha256sum | cut -c1-10)
  POD_REASON=NoVerificationPod
  if remove_verification_pods && create_verification_pod && await_verification_pod; then verified=0; else verified=1; fi
  pod_error=$POD_ERROR
  remove_verification_pods || true
  POD_ERROR=$pod_error
  return $verified
}

verification_pods() { echo "/api/v1/namespaces/$VERIFICATION_NAMESPACE/pods"; }

# wait_within_limit SECONDS: fails when no time is LEFT. Time in which the API server does not answer does not count.
wait_within_limit() {
  renew
  interruptible_sleep "$1"
  [ "$(code)" = 000 ] || LEFT=$((LEFT - $1))
  [ "$LEFT" -gt 0 ]
}

# remove_verification_pods: all pods of this node, including those that an earlier pod of the installer left when it died.
remove_verification_pods() {
  LEFT=60
  until has_no_verification_pod; do wait_within_limit 5 || return 1; done
}

has_no_verification_pod() {
  mine="$(verification_pods)?fieldSelector=spec.nodeName%3D$NODE_NAME"
  POD_ERROR="the pods of $VERIFICATION_NAMESPACE cannot be read: apply the installer's manifests"
  api GET "$mine" >"$SCRATCH/verification-pods" || { POD_ERROR="$POD_ERROR ($(code) $(refusal))"; return 1; }
  [ "$(jq '.items | length' "$SCRATCH/verification-pods")" != 0 ] || return 0
  POD_ERROR="an earlier verification pod of this node does not end"
  api DELETE "$mine" >/dev/null || POD_ERROR="$POD_ERROR ($(code) $(refusal))"
  return 1
}

# Retried, since a webhook can be unavailable for a moment. 409: the pod had been created, and the answer was lost.
create_verification_pod() {
  LEFT=60
  until own_pod && jq -c --arg name "$POD" --arg revision "$REVISION" --arg node "$NODE_NAME" --arg class "$VERIFICATION_CLASS" \
    --argjson timeout "$VERIFICATION_TIMEOUT" --rawfile program "$HERE/verification.sh" -f "$HERE/verification-pod.jq" \
    "$SCRATCH/pod" >"$SCRATCH/verification-pod" &&
    api POST "$(verification_pods)" application/json "$(cat "$SCRATCH/verification-pod")" >/dev/null; do
    [ "$(code)" != 409 ] || return 0
    POD_ERROR="the API server refuses the verification pod ($(code)): $(refusal)"
    wait_within_limit 5 || return 1
  done
}

await_verification_pod() {
  LEFT=$VERIFICATION_TIMEOUT
  while :; do
    look_at_verification_pod
    case $STATE in
      ran) return 0 ;;
      failed) POD_REASON=VerificationPodFailed; return 1 ;;
      refused) return 1 ;;
    esac
    wait_within_limit 5 || break
  done
  POD_ERROR="the pod did not run within $VERIFICATION_TIMEOUT s: $POD_ERROR"
  [ "$STATE" != waiting ] || ! explain_by_event || POD_REASON=VerificationPodFailed
  return 1
}

# look_at_verification_pod: sets STATE and POD_ERROR. Webhooks can add containers, so only ours counts. A pod that something else ends (an
# eviction, a full node, a drain by hand) proves nothing, nor does an image that cannot be pulled.
look_at_verification_pod() {
  STATE=unknown
  if api GET "$(verification_pods)/$POD" >"$SCRATCH/verification-pod"; then
    jq -r '.status as $status
      | ([$status.containerStatuses[]? | select(.name == "verification") | .state] | first // {}) as $state
      | ($state.waiting.reason // "") as $waiting
      | if $state.terminated.exitCode == 0 then ["ran", ""]
        elif .metadata.deletionTimestamp then ["refused", "somebody deleted the verification pod"]
        elif $status.phase == "Failed" and ($status.reason // "DeadlineExceeded") != "DeadlineExceeded"
          then ["refused", "the kubelet ended the verification pod: \($status.reason): \($status.message)"]
        elif $state.terminated
          then ["failed", "the pod ended with \($state.terminated.exitCode) (\($state.terminated.reason)): \($state.terminated.message)"]
        elif any(("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable", "SignatureValidationFailed"); . == $waiting)
          then ["pulling", "\($waiting): \($state.waiting.message)"]
        else ["waiting", "\($state.waiting.reason // $status.reason // $status.phase) \($state.waiting.message // $status.message // "")"] end
      | "\(.[0]) \(.[1] | gsub("\\s+"; " ") | .[0:600])"' "$SCRATCH/verification-pod" >"$SCRATCH/verification"
    read -r STATE POD_ERROR <"$SCRATCH/verification"
  elif [ "$(code)" = 404 ]; then
    STATE=refused POD_ERROR="somebody deleted the verification pod"
  else
    POD_ERROR="the verification pod cannot be read ($(code)): $(refusal)"
  fi
}

# explain_by_event: only the pod's Events say why the kubelet does not start it. Fails if it waits for a volume that a webhook has added.
explain_by_event() {
  uid=$(jq -r .metadata.uid "$SCRATCH/verification-pod")
  api GET "/api/v1/namespaces/$VERIFICATION_NAMESPACE/events?fieldSelector=involvedObject.uid%3D$uid,type%3DWarning" >"$SCRATCH/events" || return 0
  last=$(jq -r '.items | sort_by(.lastTimestamp // .eventTime // "") | last | select(.) | "\(.reason): \(.message)" | gsub("\\s+"; " ") | .[0:600]' "$SCRATCH/events")
  [ -z "$last" ] || POD_ERROR="$POD_ERROR; $last"
  case $last in FailedMount:*|FailedAttachVolume:*) return 1 ;; esac
}
