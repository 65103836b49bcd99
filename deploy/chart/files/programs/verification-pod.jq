# The verification pod, from the list that holds the installer's own pod: its image is on the node already, and whatever changed it (a mirror,
# kustomize, a webhook) changed it here too. It passes Pod Security Restricted of every supported version.

.items[0].spec as $installer
| {apiVersion: "v1", kind: "Pod",
   metadata: {name: $name, labels: {"app.kubernetes.io/name": "sysbox-verification"}, annotations: {"cdk8s-sysbox.io/revision": $revision}},
   spec: {
     nodeName: $node,
     runtimeClassName: $class,
     hostUsers: false,
     automountServiceAccountToken: false,
     enableServiceLinks: false,
     restartPolicy: "Never",
     # For a pod whose installer died; the installer itself waits less long.
     activeDeadlineSeconds: ($timeout + 60),
     terminationGracePeriodSeconds: 1,
     tolerations: [{operator: "Exists"}],
     imagePullSecrets: ($installer.imagePullSecrets // []),
     securityContext: {runAsNonRoot: true, runAsUser: 65534, runAsGroup: 65534, seccompProfile: {type: "RuntimeDefault"}},
     containers: [{
       name: "verification",
       image: ([$installer.containers[] | select(.name == "coordinator") | .image] | first),
       imagePullPolicy: "IfNotPresent",
       command: ["sh", "-c", $program],
       terminationMessagePolicy: "FallbackToLogsOnError",
       resources: {requests: {cpu: "10m", memory: "16Mi"}, limits: {memory: "128Mi"}},
       securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: ["ALL"]}},
       volumeMounts: [{name: "identity", mountPath: "/etc/verification", readOnly: true}]
     }],
     # On tmpfs, as every token is, which needs id-mapped mounts of tmpfs (kernel 6.3).
     volumes: [{name: "identity", projected: {sources: [{downwardAPI: {items: [{path: "name", fieldRef: {fieldPath: "metadata.name"}}]}}]}}]
   }}
