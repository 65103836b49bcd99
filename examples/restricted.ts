import { App, Chart } from 'cdk8s';
import { PodSecurityLevel, RuntimeReference, SandboxNamespace, SystemDeployment } from 'cdk8s-sysbox';

// Root inside, in a namespace that admits only what Pod Security calls Restricted. What needs setuid programs, such as sudo
// and ping, does not run in it.
const podSecurity = PodSecurityLevel.RESTRICTED;
const app = new App();
const chart = new Chart(app, 'restricted', { namespace: 'restricted', disableResourceNameHashes: true });

const namespace = new SandboxNamespace(chart, 'namespace', { name: 'restricted', podSecurity });

const shells = new SystemDeployment(chart, 'shells', {
  system: { podSecurity, runtime: RuntimeReference.fromRuntimeClassName('sysbox-runc', { clusterVersion: '1.36' }) },
  containers: [{ image: 'docker.io/library/ubuntu:24.04', command: ['sleep', 'infinity'] }],
});
shells.node.addDependency(namespace);

app.synth();
