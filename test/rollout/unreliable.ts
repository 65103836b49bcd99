import { connect, createServer, Server, Socket } from 'node:net';

export type Weather = 'fair' | 'outage' | 'answers-lost';

/**
 * The network between pods and the API server. Every request of the programs is one connection (curl), so connections count
 * requests.
 */
export class UnreliableNetwork {
  weather: Weather = 'fair';
  connections = 0;
  readonly url: string;

  private constructor(
    private readonly server: Server,
    port: number,
    private readonly sockets: Set<Socket>,
  ) {
    this.url = `https://127.0.0.1:${port}`;
  }

  static async before(apiServer: string): Promise<UnreliableNetwork> {
    const target = Number(new URL(apiServer).port);
    const sockets = new Set<Socket>();
    const server = createServer((client) => network.carry(client, target));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = address && typeof address === 'object' ? address.port : 0;
    const network: UnreliableNetwork = new UnreliableNetwork(server, port, sockets);
    return network;
  }

  private carry(client: Socket, port: number): void {
    this.connections++;
    if (this.weather === 'outage') return void client.destroy();
    const api = connect(port, '127.0.0.1');
    const lossy = this.weather === 'answers-lost';
    for (const socket of [client, api]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        client.destroy();
        api.destroy();
      });
    }
    // TLS: what the client sends after the server's first words ends with its request. The request arrives, the answer does not.
    let [greeted, requested] = [false, false];
    client.on('data', (data) => {
      requested ||= greeted && data.length > 500;
      api.write(data);
    });
    api.on('data', (data) => {
      greeted = true;
      if (!(lossy && requested)) client.write(data);
      else setTimeout(() => client.destroy(), 30);
    });
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
