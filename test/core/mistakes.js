// Mistakes that people make in plain JavaScript, which no compiler sees, and a part of the message that each must give. Run by
// mistakes.test.ts against the compiled package, since the check of props is made from its assembly.
const { App, Chart, Cron, Size } = require('cdk8s');
const kplus = require('cdk8s-plus-30');
const L = require('../../lib/src');
const { version } = require('../../package.json');

const image = 'ubuntu:24.04';
const pod = { containers: [{ image }] };
const machine = { systemd: { container: { image } } };

/** [what is wrong, the code, what the message says] */
const MISTAKES = [
  // --- scope and id ---
  ['no argument at all', () => new L.SysboxRuntime(), "'scope' is missing. Expected a Construct, such as a chart"],
  ['no id', (c) => new L.SysboxRuntime(c), "'id' is missing. Expected a string"],
  ['an id that is a number', (c) => new L.SystemPod(c, 5, pod), "'id' is the number 5"],
  ['the props in place of the id', (c) => new L.SystemPod(c, pod), "'id' is an object. Expected a string"],
  ['a scope that is a string', () => new L.SystemPod('chart', 'pod', pod), "'scope' is the string 'chart'"],
  ['a scope that is null', () => new L.SystemPod(null, 'pod', pod), "'scope' is null"],
  [
    'a scope that is a plain object',
    () => new L.SystemPod({}, 'pod', pod),
    "'scope' is an object. Expected a Construct",
  ],
  ['props that are null', (c) => new L.SystemPod(c, 'pod', null), "'props' is null. Expected SystemPodProps"],
  ['props that are a string', (c) => new L.SystemPod(c, 'pod', image), `'props' is the string '${image}'`],
  ['props that are a list', (c) => new L.SystemPod(c, 'pod', [pod]), "'props' is a list"],
  ['props that are a function', (c) => new L.SystemPod(c, 'pod', () => pod), "'props' is a function"],

  // --- classes that are made by others ---
  [
    'a personality that is made with new',
    (c) => new L.DockerEngine(new L.SystemPod(c, 'pod', pod)),
    'c/pod: new DockerEngine: the class has no public constructor. Write DockerEngine.on(workload)',
  ],
  [
    'storage that is made with new',
    () => new L.SystemStorage(),
    'new SystemStorage: the class has no public constructor. Write SystemStorage.claim(options) or ',
  ],
  [
    'a personality on a workload of cdk8s-plus',
    (c) => L.DockerEngine.on(new kplus.Deployment(c, 'web', pod)),
    "'workload' is a Deployment. Expected an ISystemWorkload, such as SystemWorkloads.adopt(workload), ",
  ],
  [
    'an object of a second copy of the package',
    (c) => {
      class SystemStorage {}
      new L.DockerPod(c, 'pod', { ...pod, docker: { storage: new SystemStorage() } });
    },
    "'props.docker.storage' is a SystemStorage of another copy of the package. Expected one of the copy that cdk8s-sysbox uses, " +
      `cdk8s-sysbox ${version}. Install one copy: npm ls cdk8s-sysbox shows them`,
  ],
  [
    'a claim instead of its volume',
    (c) => L.SystemStorage.fromStorage(new kplus.PersistentVolumeClaim(c, 'claim', { storage: Size.gibibytes(1) })),
    'Expected a Volume, such as Volume.fromPersistentVolumeClaim(scope, id, claim)',
  ],

  [
    'an image of the pod instead of a container',
    (c) => new L.SystemPod(c, 'pod', { image }),
    "'props.image' is not a property of SystemPodProps. It belongs in 'containers': { containers: [{ image: … }] }",
  ],
  [
    'a variable that is a string',
    (c) => new L.SystemPod(c, 'pod', { containers: [{ image, envVariables: { A: '1' } }] }),
    'Expected an EnvValue, such as EnvValue.fromValue(value)',
  ],

  // --- misspelt names ---
  [
    'container instead of containers',
    (c) => new L.SystemPod(c, 'pod', { container: [{ image }] }),
    "Did you mean 'containers'?",
  ],
  ['sytem', (c) => new L.SystemPod(c, 'pod', { ...pod, sytem: {} }), "Did you mean 'system'?"],
  [
    'restartpolicy in lower case',
    (c) => new L.SystemPod(c, 'pod', { ...pod, restartpolicy: 'Always' }),
    "Did you mean 'restartPolicy'?",
  ],
  ['hostnetwork', (c) => new L.SystemPod(c, 'pod', { ...pod, hostnetwork: true }), "Did you mean 'hostNetwork'?"],
  [
    'imge of a container',
    (c) => new L.SystemPod(c, 'pod', { containers: [{ imge: image }] }),
    "'props.containers[0].imge' is not a property of ContainerProps. Did you mean 'image'?",
  ],
  [
    'img of a container',
    (c) => new L.SystemPod(c, 'pod', { containers: [{ img: image }] }),
    "'props.containers[0].img' is not a property",
  ],
  [
    'comand of a container',
    (c) => new L.SystemPod(c, 'pod', { containers: [{ image, comand: ['a'] }] }),
    "Did you mean 'command'?",
  ],
  [
    'env, as in a manifest',
    (c) => new L.SystemPod(c, 'pod', { containers: [{ image, env: {} }] }),
    "'props.containers[0].env' is not a property of ContainerProps",
  ],
  [
    'the second container',
    (c) => new L.SystemPod(c, 'pod', { containers: [{ image }, { image, portz: [] }] }),
    "'props.containers[1].portz'",
  ],
  ['replica', (c) => new L.SystemDeployment(c, 'd', { ...pod, replica: 2 }), "Did you mean 'replicas'?"],
  [
    'shedule of a CronJob',
    (c) => new L.SystemCronJob(c, 'j', { ...pod, shedule: Cron.daily() }),
    "Did you mean 'schedule'?",
  ],
  [
    'runtimeClass in the system group',
    (c) => new L.SystemPod(c, 'pod', { ...pod, system: { runtimeClas: 'x' } }),
    "'props.system.runtimeClas' is not a property of SystemOptions",
  ],
  [
    'priorityClass',
    (c) => new L.SystemPod(c, 'pod', { ...pod, system: { priorityClass: 'x' } }),
    "Did you mean 'priorityClassName'?",
  ],
  [
    'nodeselector',
    (c) => new L.SystemPod(c, 'pod', { ...pod, system: { nodeselector: {} } }),
    "Did you mean 'nodeSelector'?",
  ],
  [
    'podsecurity',
    (c) => new L.SystemPod(c, 'pod', { ...pod, system: { podsecurity: 'restricted' } }),
    "Did you mean 'podSecurity'?",
  ],
  [
    'acknowledgement without its rule',
    (c) => new L.SystemPod(c, 'pod', { ...pod, system: { acknowledge: [{ reason: 'r' }] } }),
    "'props.system.acknowledge[0].rule' is missing",
  ],
  [
    'acknowledgement that is a string',
    (c) => new L.SystemPod(c, 'pod', { ...pod, system: { acknowledge: ['host-path'] } }),
    "'props.system.acknowledge[0]' is the string 'host-path'. Expected Acknowledgement",
  ],
  [
    'acknowledge that is a string',
    (c) => new L.SystemPod(c, 'pod', { ...pod, system: { acknowledge: 'host-path' } }),
    "'props.system.acknowledge' is the string 'host-path'. Expected a list",
  ],

  // --- a level too high, or too low ---
  [
    'uninstall of the runtime, one level too high',
    (c) => new L.SysboxRuntime(c, 'r', { uninstall: true }),
    "It belongs in 'installation': { installation: { uninstall: … } }",
  ],
  ['rollout, one level too high', (c) => new L.SysboxRuntime(c, 'r', { rollout: {} }), "It belongs in 'installation'"],
  [
    'source, one level too high',
    (c) => new L.SysboxRuntime(c, 'r', { source: L.SysboxSource.image('a/b:1') }),
    "It belongs in 'installation'",
  ],
  ['handler, one level too high', (c) => new L.SysboxRuntime(c, 'r', { handler: 'x' }), "It belongs in 'runtimeClass'"],
  [
    'dryRun, one level too high',
    (c) => new L.SysboxRuntime(c, 'r', { installation: { dryRun: true } }),
    "It belongs in 'node': { node: { dryRun: … } }",
  ],
  [
    'failureBudget, one level too high',
    (c) => new L.SysboxRuntime(c, 'r', { installation: { failureBudget: 2 } }),
    "It belongs in 'rollout'",
  ],
  [
    'runtimeClassName next to system',
    (c) => new L.SystemPod(c, 'pod', { ...pod, runtimeClassName: 'x' }),
    "It belongs in 'system'",
  ],
  [
    'runtime next to system',
    (c) => new L.SystemPod(c, 'pod', { ...pod, runtime: { runtimeClassName: 'x' } }),
    "It belongs in 'system'",
  ],
  [
    'nodeSelector next to system',
    (c) => new L.SystemPod(c, 'pod', { ...pod, nodeSelector: {} }),
    "It belongs in 'system'",
  ],
  [
    'storage of Docker next to docker',
    (c) => new L.DockerPod(c, 'pod', { storage: L.SystemStorage.nodeLocal() }),
    "It belongs in 'docker'",
  ],
  ['daemon of Docker next to docker', (c) => new L.DockerPod(c, 'pod', { daemon: {} }), "It belongs in 'docker'"],
  [
    'the machine next to systemd',
    (c) => new L.SystemdPod(c, 'm', { ...machine, maskedUnits: [] }),
    "It belongs in 'systemd'",
  ],
  [
    'disable of a server next to server',
    (c) => new L.K3sCluster(c, 'k', { version: 'v1.36.2+k3s1', disable: [] }),
    "It belongs in 'server'",
  ],

  // --- wrong types ---
  [
    'an image that is a number',
    (c) => new L.SystemPod(c, 'pod', { containers: [{ image: 24 }] }),
    "'props.containers[0].image' is the number 24. Expected a string",
  ],
  [
    'an image that is undefined',
    (c) => new L.SystemPod(c, 'pod', { containers: [{ image: undefined }] }),
    "'props.containers[0].image' is missing",
  ],
  [
    'a container that is an image',
    (c) => new L.SystemPod(c, 'pod', { containers: [image] }),
    `'props.containers[0]' is the string '${image}'. Expected ContainerProps`,
  ],
  [
    'containers that are one container',
    (c) => new L.SystemPod(c, 'pod', { containers: { image } }),
    "'props.containers' is an object. Expected a list such as [{ image: 'text' }]",
  ],
  ['containers that are null', (c) => new L.SystemPod(c, 'pod', { containers: null }), "'props.containers' is null"],
  [
    'a command that is a string',
    (c) => new L.SystemPod(c, 'pod', { containers: [{ image, command: 'sleep 1' }] }),
    "'props.containers[0].command' is the string 'sleep 1'. Expected a list such as ['text']",
  ],
  [
    'a command with a number',
    (c) => new L.SystemPod(c, 'pod', { containers: [{ image, command: ['sleep', 1] }] }),
    "'props.containers[0].command[1]' is the number 1",
  ],
  [
    'a port that is a string',
    (c) => new L.SystemPod(c, 'pod', { containers: [{ image, portNumber: '80' }] }),
    "'props.containers[0].portNumber' is the string '80'. Expected a number",
  ],
  [
    'replicas that are a string',
    (c) => new L.SystemDeployment(c, 'd', { ...pod, replicas: '2' }),
    "'props.replicas' is the string '2'. Expected a number",
  ],
  [
    'replicas that are NaN',
    (c) => new L.SystemDeployment(c, 'd', { ...pod, replicas: NaN }),
    "'props.replicas' is the number NaN",
  ],
  [
    'a restart policy that does not exist',
    (c) => new L.SystemPod(c, 'pod', { ...pod, restartPolicy: 'Sometimes' }),
    'Expected one of RestartPolicy.ALWAYS',
  ],
  [
    'a restart policy in lower case',
    (c) => new L.SystemPod(c, 'pod', { ...pod, restartPolicy: 'always' }),
    "'props.restartPolicy' is the string 'always'",
  ],
  [
    'a grace period in seconds',
    (c) => new L.SystemPod(c, 'pod', { ...pod, terminationGracePeriod: 30 }),
    "'props.terminationGracePeriod' is the number 30. Expected a Duration, such as Duration.",
  ],
  [
    'a runtime that is a name',
    (c) => new L.SystemPod(c, 'pod', { ...pod, system: { runtime: 'sysbox-runc' } }),
    "'props.system.runtime' is the string 'sysbox-runc'. Expected an ISysboxRuntime, such as",
  ],
  [
    'a runtime without its name',
    (c) => new L.SystemPod(c, 'pod', { ...pod, system: { runtime: {} } }),
    "'props.system.runtime' is an object. Expected an ISysboxRuntime",
  ],
  [
    'a runtime that is a class',
    (c) => new L.SystemPod(c, 'pod', { ...pod, system: { runtime: L.SysboxRuntime } }),
    "'props.system.runtime' is a function",
  ],
  [
    'a runtime class name that is a number',
    (c) => new L.SystemPod(c, 'pod', { ...pod, system: { runtimeClassName: 1 } }),
    "'props.system.runtimeClassName' is the number 1",
  ],
  [
    'a Pod Security level that does not exist',
    (c) => new L.SystemPod(c, 'pod', { ...pod, system: { podSecurity: 'strict' } }),
    'Expected one of PodSecurityLevel.',
  ],
  [
    'a node selector that is a string',
    (c) => new L.SystemPod(c, 'pod', { ...pod, system: { nodeSelector: 'disk=ssd' } }),
    "'props.system.nodeSelector' is the string 'disk=ssd'. Expected a map such as { name: 'text' }",
  ],
  [
    'a node selector with true',
    (c) => new L.SystemPod(c, 'pod', { ...pod, system: { nodeSelector: { gpu: true } } }),
    "'props.system.nodeSelector['gpu']' is the boolean true. Expected a string",
  ],
  [
    'a node selector that is a list',
    (c) => new L.SystemPod(c, 'pod', { ...pod, system: { nodeSelector: ['disk'] } }),
    "'props.system.nodeSelector' is a list",
  ],
  [
    'an option of a container that does not exist',
    (c) => new L.SystemPod(c, 'pod', { ...pod, system: { containers: { main: { ttyy: true } } } }),
    "'props.system.containers['main'].ttyy'",
  ],
  [
    'tty as a string',
    (c) => new L.SystemPod(c, 'pod', { ...pod, system: { containers: { main: { tty: 'yes' } } } }),
    "tty' is the string 'yes'. Expected true or false",
  ],
  [
    'a service account that is a name',
    (c) => new L.SystemPod(c, 'pod', { ...pod, serviceAccount: 'default' }),
    "'props.serviceAccount' is the string 'default'",
  ],
  [
    'hostNetwork as a string',
    (c) => new L.SystemPod(c, 'pod', { ...pod, hostNetwork: 'true' }),
    "'props.hostNetwork' is the string 'true'. Expected true or false",
  ],

  // --- the runtime and its installer ---
  [
    'uninstall as a string',
    (c) => new L.SysboxRuntime(c, 'r', { installation: { uninstall: 'true' } }),
    "'props.installation.uninstall' is the string 'true'. Expected true or false",
  ],
  [
    'uninstall as a number',
    (c) => new L.SysboxRuntime(c, 'r', { installation: { uninstall: 1 } }),
    "'props.installation.uninstall' is the number 1",
  ],
  [
    'dryRun as a string',
    (c) => new L.SysboxRuntime(c, 'r', { installation: { node: { dryRun: 'no' } } }),
    "'props.installation.node.dryRun' is the string 'no'",
  ],
  ['instalation', (c) => new L.SysboxRuntime(c, 'r', { instalation: {} }), "Did you mean 'installation'?"],
  ['rolout', (c) => new L.SysboxRuntime(c, 'r', { installation: { rolout: {} } }), "Did you mean 'rollout'?"],
  [
    'failurebudget',
    (c) => new L.SysboxRuntime(c, 'r', { installation: { rollout: { failurebudget: 2 } } }),
    "Did you mean 'failureBudget'?",
  ],
  [
    'a deadline in seconds',
    (c) => new L.SysboxRuntime(c, 'r', { installation: { rollout: { deadline: 600 } } }),
    "'props.installation.rollout.deadline' is the number 600. Expected a Duration",
  ],
  [
    'a failure budget that is a string',
    (c) => new L.SysboxRuntime(c, 'r', { installation: { rollout: { failureBudget: '2' } } }),
    "failureBudget' is the string '2'",
  ],
  [
    'a source that is an image',
    (c) => new L.SysboxRuntime(c, 'r', { installation: { source: 'a/b:1' } }),
    "'props.installation.source' is the string 'a/b:1'. Expected a SysboxSource, such as SysboxSource.",
  ],
  [
    'tolerations that are one toleration',
    (c) => new L.SysboxRuntime(c, 'r', { installation: { tolerations: { operator: 'Exists' } } }),
    "'props.installation.tolerations' is an object. Expected a list",
  ],
  [
    'a toleration that is a key',
    (c) => new L.SysboxRuntime(c, 'r', { installation: { tolerations: ['gpu'] } }),
    "'props.installation.tolerations[0]' is the string 'gpu'",
  ],
  [
    'a node selector that is a string',
    (c) => new L.SysboxRuntime(c, 'r', { installation: { nodeSelector: 'a=b' } }),
    "'props.installation.nodeSelector' is the string 'a=b'",
  ],
  [
    'a namespace that is an object',
    (c) => new L.SysboxRuntime(c, 'r', { installation: { namespace: { name: 'x' } } }),
    "'props.installation.namespace' is an object. Expected a string",
  ],
  [
    'an engine that does not exist',
    (c) => new L.SysboxRuntimeClass(c, 'r', { containerEngine: 'docker' }),
    'Expected one of ContainerEngine.',
  ],
  [
    'a version that is a number',
    (c) => new L.SysboxRuntimeClass(c, 'r', { clusterVersion: 1.36 }),
    "'props.clusterVersion' is the number 1.36. Expected a string",
  ],
  [
    'feature gates that are a string',
    (c) => new L.SysboxRuntimeClass(c, 'r', { featureGates: 'UserNamespacesSupport' }),
    "'props.featureGates' is the string",
  ],
  [
    'no name of a foreign RuntimeClass',
    () => L.RuntimeReference.fromRuntimeClassName(),
    "'runtimeClassName' is missing",
  ],
  [
    'a foreign RuntimeClass that is an object',
    () => L.RuntimeReference.fromRuntimeClassName({ name: 'x' }),
    "'runtimeClassName' is an object. Expected a string",
  ],
  ['an image source that is a list', () => L.SysboxSource.image(['a/b:1']), "'image' is a list. Expected a string"],
  ['an image source that is an object', () => L.SysboxSource.image({ image: 'a/b:1' }), "'image' is an object"],

  // --- Docker ---
  [
    'docker as true',
    (c) => new L.DockerPod(c, 'pod', { docker: true }),
    "'props.docker' is the boolean true. Expected DockerEngineOptions",
  ],
  [
    'storge of Docker',
    (c) => new L.DockerPod(c, 'pod', { docker: { storge: L.SystemStorage.nodeLocal() } }),
    "Did you mean 'storage'?",
  ],
  [
    'storage as a size',
    (c) => new L.DockerPod(c, 'pod', { docker: { storage: Size.gibibytes(5) } }),
    "'props.docker.storage' is a Size. Expected a SystemStorage, such as SystemStorage.",
  ],
  [
    'storage as a string',
    (c) => new L.DockerPod(c, 'pod', { docker: { storage: '5Gi' } }),
    "'props.docker.storage' is the string '5Gi'",
  ],
  [
    'an emptyDir limit as a number',
    () => L.SystemStorage.emptyDir(5),
    "'sizeLimit' is the number 5. Expected a Size, such as Size.",
  ],
  ['an emptyDir limit as a string', () => L.SystemStorage.emptyDir('5Gi'), "'sizeLimit' is the string '5Gi'"],
  ['a claim without options', () => L.SystemStorage.claim(), "'options' is missing. Expected ClaimOptions"],
  ['a claim without a size', () => L.SystemStorage.claim({}), "'options.storage' is missing. Expected a Size"],
  [
    'a claim with a size as a string',
    () => L.SystemStorage.claim({ storage: '10Gi' }),
    "'options.storage' is the string '10Gi'",
  ],
  [
    'size instead of storage',
    () => L.SystemStorage.claim({ size: Size.gibibytes(1) }),
    "'options.size' is not a property of ClaimOptions",
  ],
  [
    'storageClass',
    () => L.SystemStorage.claim({ storage: Size.gibibytes(1), storageClass: 'fast' }),
    "Did you mean 'storageClassName'?",
  ],
  [
    'an access mode that does not exist',
    () => L.SystemStorage.claim({ storage: Size.gibibytes(1), accessModes: ['RWO'] }),
    'Expected one of PersistentVolumeAccessMode.',
  ],
  [
    'access modes that are a string',
    () => L.SystemStorage.claim({ storage: Size.gibibytes(1), accessModes: 'ReadWriteOnce' }),
    "'options.accessModes' is the string 'ReadWriteOnce'. Expected a list",
  ],
  [
    'mirrors that are a string',
    (c) => new L.DockerPod(c, 'pod', { docker: { daemon: { registryMirrors: 'https://m' } } }),
    "registryMirrors' is the string 'https://m'. Expected a list",
  ],
  [
    'registryMirror',
    (c) => new L.DockerPod(c, 'pod', { docker: { daemon: { registryMirror: [] } } }),
    "Did you mean 'registryMirrors'?",
  ],
  [
    'registry-mirrors, as in daemon.json',
    (c) => new L.DockerPod(c, 'pod', { docker: { daemon: { 'registry-mirrors': [] } } }),
    "Did you mean 'registryMirrors'?",
  ],
  [
    'an MTU as a number',
    (c) => new L.DockerPod(c, 'pod', { docker: { daemon: { mtu: 1400 } } }),
    "mtu' is the number 1400. Expected a DockerMtu, such as DockerMtu.",
  ],
  [
    'a storage driver that does not exist',
    (c) => new L.DockerPod(c, 'pod', { docker: { daemon: { storageDriver: 'aufs' } } }),
    'Expected one of DockerStorageDriver.',
  ],
  [
    'an address pool without its size',
    (c) => new L.DockerPod(c, 'pod', { docker: { daemon: { addressPools: [{ base: '172.30.0.0/16' }] } } }),
    "addressPools[0].size' is missing. Expected a number",
  ],
  [
    'an address pool that is a string',
    (c) => new L.DockerPod(c, 'pod', { docker: { daemon: { addressPools: ['172.30.0.0/16'] } } }),
    "addressPools[0]' is the string",
  ],
  [
    'features as a list',
    (c) => new L.DockerPod(c, 'pod', { docker: { daemon: { features: ['buildkit'] } } }),
    "features' is a list. Expected a map",
  ],
  [
    'a feature as a string',
    (c) => new L.DockerPod(c, 'pod', { docker: { daemon: { features: { buildkit: 'on' } } } }),
    "features['buildkit']' is the string 'on'. Expected true or false",
  ],
  [
    'a start timeout in seconds',
    (c) => new L.DockerPod(c, 'pod', { docker: { startTimeout: 60 } }),
    "startTimeout' is the number 60. Expected a Duration",
  ],
  [
    'shared directories as a string',
    (c) => new L.DockerPod(c, 'pod', { docker: { sharedDirectories: '/src' } }),
    "sharedDirectories' is the string '/src'. Expected a list",
  ],
  ['an engine on nothing', () => L.DockerEngine.on(), "'workload' is missing. Expected an ISystemWorkload"],
  [
    'an engine on a plain pod',
    (c) => L.DockerEngine.on(new kplus.Pod(c, 'plain')),
    "'workload' is a Pod. Expected an ISystemWorkload",
  ],
  ['an engine on a chart', (c) => L.DockerEngine.on(c), "'workload' is a Chart. Expected an ISystemWorkload"],
  [
    'options that are misspelt on an engine',
    (c) => L.DockerEngine.on(new L.SystemPod(c, 'pod'), { demon: {} }),
    "c/pod: DockerEngine.on: 'options.demon' is not a property of DockerEngineOptions. Did you mean 'daemon'?",
  ],
  ['an MTU that is a string', () => L.DockerMtu.of('1400'), "'bytes' is the string '1400'. Expected a number"],

  // --- systemd ---
  [
    'a machine without systemd',
    (c) => new L.SystemdPod(c, 'm', {}),
    "'props.systemd' is missing. Expected SystemdMachineOptions",
  ],
  ['a machine without props', (c) => new L.SystemdPod(c, 'm'), "'props' is missing. Expected SystemdPodProps"],
  ['a machine that is an image', (c) => new L.SystemdPod(c, 'm', { systemd: image }), "'props.systemd' is the string"],
  [
    'units that are a string',
    (c) => new L.SystemdPod(c, 'm', { systemd: { ...machine.systemd, maskedUnits: 'getty' } }),
    "maskedUnits' is the string 'getty'. Expected a list",
  ],
  [
    'maskUnits',
    (c) => new L.SystemdPod(c, 'm', { systemd: { ...machine.systemd, maskUnits: [] } }),
    "Did you mean 'maskedUnits'?",
  ],
  [
    'a stop timeout in seconds',
    (c) => new L.SystemdPod(c, 'm', { systemd: { ...machine.systemd, stopTimeout: 90 } }),
    "stopTimeout' is the number 90. Expected a Duration",
  ],
  [
    'a machine id as a string',
    (c) => new L.SystemdPod(c, 'm', { systemd: { ...machine.systemd, machineId: 'abc' } }),
    "machineId' is the string 'abc'. Expected a MachineId, such as MachineId.",
  ],
  [
    'a stop that is a string',
    (c) => new L.SystemdPod(c, 'm', { systemd: { ...machine.systemd, stop: 'preStop' } }),
    "stop' is the string 'preStop'. Expected a SystemdStop, such as SystemdStop.",
  ],
  [
    'ports that are strings',
    (c) => new L.SystemdPod(c, 'm', { systemd: { ...machine.systemd, readiness: { tcpPorts: ['22'] } } }),
    "tcpPorts[0]' is the string '22'. Expected a number",
  ],
  [
    'a persistent directory that is a path',
    (c) => new L.SystemdPod(c, 'm', { systemd: { ...machine.systemd, persistentDirectories: ['/home'] } }),
    "persistentDirectories[0]' is the string '/home'. Expected PersistentDirectory",
  ],
  [
    'a persistent directory without storage',
    (c) => new L.SystemdPod(c, 'm', { systemd: { ...machine.systemd, persistentDirectories: [{ path: '/home' }] } }),
    "persistentDirectories[0].storage' is missing. Expected a SystemStorage",
  ],
  ['a DevSandbox without props', (c) => new L.DevSandbox(c, 'd'), "'props' is missing. Expected DevSandboxProps"],
  ['a DevSandbox without keys', (c) => new L.DevSandbox(c, 'd', { image }), 'is missing'],

  // --- K3s and K3k ---
  ['a cluster without props', (c) => new L.K3sCluster(c, 'k'), "'props' is missing. Expected K3sClusterProps"],
  [
    'server count as a string',
    (c) => new L.K3sCluster(c, 'k', { version: 'v1.36.2+k3s1', servers: '3' }),
    "'props.servers' is the string '3'",
  ],
  [
    'a version that is a number',
    (c) => new L.K3sCluster(c, 'k', { version: 1.36 }),
    "'props.version' is the number 1.36",
  ],
  [
    'a component that does not exist',
    (c) => new L.K3sCluster(c, 'k', { version: 'v1.36.2+k3s1', server: { disable: ['traefic'] } }),
    'Expected one of K3sComponent.',
  ],
  [
    'agent as a number',
    (c) => new L.K3sCluster(c, 'k', { version: 'v1.36.2+k3s1', agent: 2 }),
    "'props.agent' is the number 2. Expected K3sNodeOptions",
  ],
  [
    'node labels as a list',
    (c) => new L.K3sCluster(c, 'k', { version: 'v1.36.2+k3s1', server: { nodeLabels: ['a=b'] } }),
    "nodeLabels' is a list. Expected a map",
  ],
  [
    'an expose that is a string',
    (c) => new L.K3sCluster(c, 'k', { version: 'v1.36.2+k3s1', expose: 'NodePort' }),
    "'props.expose' is the string 'NodePort'. Expected an ApiServerExposure, such as",
  ],
  [
    'a token that is a string',
    (c) => new L.K3sCluster(c, 'k', { version: 'v1.36.2+k3s1', token: 'secret' }),
    "'props.token' is the string 'secret'. Expected a K3sToken, such as K3sToken.",
  ],
  [
    'registries that are an object',
    (c) => new L.K3sCluster(c, 'k', { version: 'v1.36.2+k3s1', registries: 'https://m' }),
    "'props.registries' is the string",
  ],
  [
    'a drain timeout in seconds',
    (c) => new L.K3sCluster(c, 'k', { version: 'v1.36.2+k3s1', drainTimeout: 60 }),
    "'props.drainTimeout' is the number 60. Expected a Duration",
  ],
  ['a K3s node on nothing', () => L.K3sNode.on(), "'workload' is missing"],
  [
    'a K3k cluster with a wrong mode',
    (c) => new L.K3kCluster(c, 'k', { modus: 'shared' }),
    "'props.modus' is not a property of K3kClusterProps",
  ],

  // --- adoption, rules, policies ---
  ['adopt without a workload', () => L.adopt(), "adopt(workload, options): 'workload' is missing"],
  ['adopt of a manifest', () => L.adopt('deployment.yaml'), "'workload' is the string 'deployment.yaml'"],
  [
    'adopt with a misspelt option',
    (c) => L.adopt(new kplus.Pod(c, 'p', pod), { aknowledge: [] }),
    "c/p: adopt: 'options.aknowledge' is not a property of AdoptOptions. Did you mean 'acknowledge'?",
  ],
  ['adoptAll without a scope', () => L.adoptAll(), "'scope' is missing"],
  [
    'exclude that is one construct',
    (c) => L.adoptAll(c, { exclude: c }),
    "'options.exclude' is a Chart. Expected a list",
  ],
  [
    'a policy with a misspelt prop',
    (c) => new L.SystemPodPolicy(c, 'p', { exemptNamespace: [] }),
    "Did you mean 'exemptNamespaces'?",
  ],
  [
    'a policy action that does not exist',
    (c) => new L.SystemPodPolicy(c, 'p', { actions: ['Block'] }),
    "'props.actions[0]' is the string 'Block'. Expected one of PolicyAction.",
  ],
  [
    'a sandbox namespace with a wrong quota',
    (c) => new L.SandboxNamespace(c, 's', { quota: { pods: '10' } }),
    "quota.pods' is the string '10'. Expected a number",
  ],
  [
    'manifests that are one manifest',
    () => L.SystemPodRules.check({ kind: 'Pod' }),
    "'manifests' is an object. Expected a list",
  ],
  [
    'runtime classes as a string',
    () => L.SystemPodRules.check([], { runtimeClassNames: 'sysbox-runc' }),
    "runtimeClassNames' is the string 'sysbox-runc'. Expected a list",
  ],
];

/** The message of each mistake; null where nothing was refused. */
function messages() {
  return MISTAKES.map(([, mistake]) => {
    try {
      mistake(new Chart(new App(), 'c', { namespace: 'demo' }));
      return null;
    } catch (error) {
      return `${error.constructor.name}: ${error.message}`;
    }
  });
}

module.exports = { MISTAKES };
if (require.main === module) console.log(JSON.stringify(messages()));
