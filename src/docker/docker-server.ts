import { ApiObjectMetadata } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct, IConstruct } from 'constructs';
import { containerOf, secretOf } from '../core/foreign-resource';
import { ISystemWorkload } from '../workloads/system-workload';
import { assertNoCommand, DockerEngine, engineAlone, whenAnswering } from './docker-engine';
import { DockerContainerOptions } from './engine-options';
import { assertEngine, engineContainer, equipEngine, filesOf } from './engine-pod';

const PORT = 2376;
const SERVER_CERTIFICATE = '/opt/cdk8s-sysbox/docker-server-tls';
const CLIENT_CERTIFICATE = '/opt/cdk8s-sysbox/docker-client-tls';

/** In daemon.json: the network, with TLS only. */
const LISTENS = {
  hosts: [`tcp://0.0.0.0:${PORT}`],
  tlsverify: true,
  tlscacert: `${SERVER_CERTIFICATE}/ca.crt`,
  tlscert: `${SERVER_CERTIFICATE}/tls.crt`,
  tlskey: `${SERVER_CERTIFICATE}/tls.key`,
};

/** A Docker engine that other pods use. */
export interface DockerServerOptions extends DockerContainerOptions {
  /**
   * A Secret in cert-manager's layout: `tls.crt` and `tls.key` of the engine, which must be valid for `dnsNames`, and the
   * `ca.crt` that signed those of the clients. The engine reads them when it starts. TLS cannot be
   * switched off: anyone who can reach the port of an engine without it is root in the engine's container.
   */
  readonly certificate: IConstruct;

  /**
   * Metadata of the Service.
   *
   * @default - a name made from the construct's path
   */
  readonly serviceMetadata?: ApiObjectMetadata;
}

/** How a container uses a `DockerServer`. */
export interface DockerConnection {
  /**
   * A Secret in cert-manager's layout: `tls.crt` and `tls.key` of the client, and the `ca.crt` that signed the engine's.
   */
  readonly certificate: IConstruct;
}

/**
 * A Docker engine on its own in the pods of a workload, with a Service and mutual TLS.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { Deployment, Secret } from 'cdk8s-plus-30';
 * import { DockerServer, SystemDeployment } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 * declare const clients: Deployment;
 *
 * const engine = new SystemDeployment(chart, 'Engine', { replicas: 1 });
 * const docker = DockerServer.on(engine, {
 *   certificate: Secret.fromSecretName(chart, 'ServerCertificate', 'docker-server-tls'),
 * });
 * const certificate = Secret.fromSecretName(chart, 'ClientCertificate', 'docker-client-tls');
 * for (const container of clients.containers) docker.connect(container, { certificate });
 */
export class DockerServer extends Construct {
  /**
   * Add a container with the engine, and a Service to the pods of the workload.
   *
   * @param workload what gets the engine: one pod of a StatefulSet or Deployment. Refused: more than one, as each has images
   * and containers of its own, and one `docker run` is several connections
   * @param options how it is set up
   */
  public static on(workload: ISystemWorkload, options: DockerServerOptions): DockerServer {
    assertEngine(workload, options);
    assertOnePod(workload);
    const given = engineContainer(workload, options, DockerEngine.DEFAULT_IMAGE);
    assertNoCommand(workload, given, 'Put it into another container, or use DockerEngine.on()');
    const files = filesOf(workload, options, LISTENS);
    const container = workload.addContainer({
      ...whenAnswering(options),
      ...engineAlone(given, files),
      ports: [{ name: 'docker', number: PORT }, ...(given.ports ?? [])],
    });
    return new DockerServer(workload, container, options, files);
  }

  /** The engine's container. */
  public readonly container: kplus.Container;

  /** The Service that leads to it, port 2376. */
  public readonly service: kplus.Service;

  private readonly certificates = new Map<string, kplus.Volume>();

  private constructor(
    workload: ISystemWorkload,
    container: kplus.Container,
    options: DockerServerOptions,
    files: Record<string, string>,
  ) {
    super(workload, 'Docker');
    this.container = container;
    this.service = new kplus.Service(this, 'Service', {
      metadata: options.serviceMetadata,
      ports: [{ name: 'docker', port: PORT }],
    });
    for (const [key, value] of Object.entries(workload.system._podLabels())) this.service.selectLabel(key, value);
    const certificate = kplus.Volume.fromSecret(
      this,
      'ServerTls',
      secretOf(options.certificate, `${workload.node.path}: certificate`),
      { name: 'docker-server-tls' },
    );
    container.mount(SERVER_CERTIFICATE, certificate, { readOnly: true });
    equipEngine(this, workload, container, options, files, false);
  }

  /** The names for which the engine's certificate must be valid. Those with a namespace are known only when the Service has one. */
  public get dnsNames(): string[] {
    const { name, metadata } = this.service;
    if (metadata.namespace === undefined) return [name];
    const qualified = `${name}.${metadata.namespace}`;
    return [name, qualified, `${qualified}.svc`, `${qualified}.svc.cluster.local`];
  }

  /** DOCKER_HOST of the clients. */
  public get dockerHost(): string {
    const { name, metadata } = this.service;
    return `tcp://${metadata.namespace === undefined ? name : `${name}.${metadata.namespace}.svc`}:${PORT}`;
  }

  /**
   * Let a container of another pod use the engine: it gets DOCKER_HOST and its certificate.
   *
   * @param container the container of a workload, of any version of cdk8s-plus
   * @param connection the client's certificate
   */
  public connect(container: unknown, connection: DockerConnection): void {
    const client = containerOf(container, `${this.node.path}: the container to connect`);
    client.mount(
      CLIENT_CERTIFICATE,
      this.clientCertificate(secretOf(connection.certificate, `${this.node.path}: certificate`)),
      { readOnly: true },
    );
    client.env.addVariable('DOCKER_HOST', kplus.EnvValue.fromValue(this.dockerHost));
    client.env.addVariable('DOCKER_TLS_VERIFY', kplus.EnvValue.fromValue('1'));
    client.env.addVariable('DOCKER_CERT_PATH', kplus.EnvValue.fromValue(CLIENT_CERTIFICATE));
  }

  /** The docker command wants the files under names of its own. */
  private clientCertificate(secret: kplus.ISecret): kplus.Volume {
    const known = this.certificates.get(secret.name);
    if (known) return known;
    const volume = kplus.Volume.fromSecret(this, `ClientTls${this.certificates.size}`, secret, {
      name: 'docker-client-tls',
      items: { 'ca.crt': { path: 'ca.pem' }, 'tls.crt': { path: 'cert.pem' }, 'tls.key': { path: 'key.pem' } },
    });
    this.certificates.set(secret.name, volume);
    return volume;
  }
}

function assertOnePod(workload: ISystemWorkload): void {
  if (workload.system._pods() <= 1) return;
  throw new Error(
    `${workload.node.path}: a Service would lead to several engines, each with images and containers of its own, and one 'docker run' ` +
      'is several connections. Set replicas to 1, or use a DockerServer for each',
  );
}
