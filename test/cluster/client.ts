import { Agent, request as httpsRequest } from 'node:https';
import { parseAllDocuments } from 'yaml';

/* eslint-disable @typescript-eslint/no-explicit-any -- an API object is whatever the server says it is */
export type KubeObject = Record<string, any>;

/** The server's refusal, in its own words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    /** `Forbidden`, `Conflict`, `NotFound`, … */
    readonly reason: string,
    message: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

export interface Identity {
  /** A bearer token, from `tokenFor` for a real one. */
  readonly token?: string;
  /** Someone else, by the admin's right to impersonate. */
  readonly user?: string;
  readonly groups?: string[];
}

export interface RequestOptions {
  readonly query?: Record<string, string>;
  readonly contentType?: string;
}

export interface ApplyOptions {
  readonly fieldManager?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

const patchTypes = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
} as const;

/** One identity's view of an API server. Paths are the server's own, such as `/api/v1/nodes/a`. */
export class KubeClient {
  /** What the server warned of (deprecated APIs, Pod Security, …), oldest first. */
  readonly warnings: string[] = [];

  constructor(
    readonly url: string,
    private readonly ca: string,
    private readonly identity: Identity,
    private readonly agent = new Agent({ keepAlive: true, ca, maxSockets: 64 }),
    private readonly paths = new Map<string, string>(),
  ) {}

  /** The same server for another identity: a token, or a user whom this client impersonates. */
  as(identity: Identity): KubeClient {
    const merged = identity.token ? identity : { ...this.identity, ...identity };
    return new KubeClient(this.url, this.ca, merged, this.agent, this.paths);
  }

  get(path: string, query?: Record<string, string>): Promise<KubeObject> {
    return this.request('GET', path, undefined, { query });
  }

  async list(path: string, query?: Record<string, string>): Promise<KubeObject[]> {
    return (await this.get(path, query)).items;
  }

  create(path: string, object: KubeObject, query?: Record<string, string>): Promise<KubeObject> {
    return this.request('POST', path, object, { query: { fieldValidation: 'Strict', ...query } });
  }

  replace(path: string, object: KubeObject, query?: Record<string, string>): Promise<KubeObject> {
    return this.request('PUT', path, object, { query: { fieldValidation: 'Strict', ...query } });
  }

  patch(
    path: string,
    patch: KubeObject | KubeObject[],
    type: keyof typeof patchTypes = 'merge',
    query?: Record<string, string>,
  ): Promise<KubeObject> {
    return this.request('PATCH', path, patch, { contentType: patchTypes[type], query });
  }

  delete(path: string, query?: Record<string, string>): Promise<KubeObject> {
    return this.request('DELETE', path, undefined, { query });
  }

  /**
   * `kubectl apply --server-side --validate=strict` of every document of a YAML text, in its order. Each document is sent
   * as it is written, so the server sees misspelt and duplicate fields too.
   */
  async apply(text: string, options: ApplyOptions = {}): Promise<KubeObject[]> {
    const applied: KubeObject[] = [];
    for (const document of documents(text)) applied.push(await this.applyOne(document, options));
    return applied;
  }

  protected async applyOne(document: Document, options: ApplyOptions): Promise<KubeObject> {
    const path = await this.pathOf(document.object);
    try {
      return await this.request('PATCH', path, document.text, {
        contentType: 'application/apply-patch+yaml',
        query: {
          fieldManager: options.fieldManager ?? 'kubectl',
          fieldValidation: 'Strict',
          ...(options.force && { force: 'true' }),
          ...(options.dryRun && { dryRun: 'All' }),
        },
      });
    } catch (error) {
      if (error instanceof ApiError) {
        throw new ApiError(error.status, error.reason, `${describe(document.object)}: ${error.message}`);
      }
      throw error;
    }
  }

  /** Where an object lives, by the server's own discovery; a namespaced object without a namespace is in `default`. */
  async pathOf(object: KubeObject): Promise<string> {
    const { apiVersion, kind, metadata } = object;
    const key = `${apiVersion}/${kind}`;
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    if (!this.paths.has(key)) {
      const { resources } = await this.get(base);
      for (const { name, kind, namespaced } of resources.filter(({ name }: KubeObject) => !name.includes('/'))) {
        this.paths.set(`${apiVersion}/${kind}`, `${base}${namespaced ? '/namespaces/{namespace}' : ''}/${name}`);
      }
    }
    const path = this.paths.get(key);
    if (!path) throw new Error(`${describe(object)}: this server has no kind ${kind} in ${apiVersion}`);
    return `${path.replace('{namespace}', metadata?.namespace ?? 'default')}/${metadata?.name}`;
  }

  request(method: string, path: string, body?: unknown, options: RequestOptions = {}): Promise<any> {
    const { identity } = this;
    const url = new URL(path, this.url);
    for (const [name, value] of Object.entries(options.query ?? {})) url.searchParams.set(name, value);
    const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const headers = {
      Accept: 'application/json',
      Authorization: `Bearer ${identity.token}`,
      ...(identity.user && { 'Impersonate-User': identity.user }),
      ...(identity.user && identity.groups && { 'Impersonate-Group': identity.groups }),
      ...(payload !== undefined && {
        'Content-Type': options.contentType ?? 'application/json',
        'Content-Length': Buffer.byteLength(payload),
      }),
    };
    return new Promise((resolve, reject) => {
      const request = httpsRequest(url, { method, headers, agent: this.agent, ca: this.ca }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          this.warnings.push(...warningTexts(response.headers.warning));
          const text = Buffer.concat(chunks).toString();
          const answer = response.headers['content-type']?.startsWith('application/json') ? JSON.parse(text) : text;
          const status = response.statusCode ?? 0;
          if (status < 300) resolve(answer);
          else reject(new ApiError(status, answer.reason ?? '', answer.message ?? text));
        });
      });
      request.on('error', reject);
      request.end(payload);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

export interface Document {
  readonly text: string;
  readonly object: KubeObject;
}

/** The documents of a YAML text, read as kubectl reads them (YAML 1.1: an unquoted `yes` is not a string). */
export function documents(text: string): Document[] {
  return parseAllDocuments(text, { version: '1.1', uniqueKeys: false })
    .map((document) => {
      if (document.errors[0]) throw document.errors[0];
      const [start, , end] = document.range ?? [0, 0, text.length];
      return { text: text.slice(start, end), object: document.toJS() as KubeObject };
    })
    .filter(({ object }) => object);
}

export function describe(object: KubeObject): string {
  return [object.kind, object.metadata?.namespace, object.metadata?.name].filter(Boolean).join('/');
}

/** `299 - "text"`, several on one line. */
function warningTexts(header: string | string[] | undefined): string[] {
  return [...String(header ?? '').matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) =>
    (match[1] ?? '').replace(/\\(.)/g, '$1'),
  );
}
