// Where a request was sent to. A page that was rebound to 127.0.0.1 by its DNS still names its own host
// (reliability.md D3), so the name is what is checked, and no header of a proxy is believed.

const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** `host:port` as the client wrote it; "" when it wrote none (HTTP/1.0: then the URL is a bare path as well). */
export function hostOf(request: Request): string {
  const { url, headers } = request;
  return (headers.get("host") ?? (URL.canParse(url) ? new URL(url).host : "")).toLowerCase();
}

/** The path exactly as the router reads it: a parsed URL would fold `..` that the router takes as a parameter. */
export function pathOf(request: Request): string {
  const { url } = request;
  const start = url.indexOf("/", url.indexOf("//") + 2);
  if (start < 0) return "/";
  const end = url.indexOf("?", start);
  return end < 0 ? url.slice(start) : url.slice(start, end);
}

/** Path and query as they came. */
export function searchOf(request: Request): string {
  const start = request.url.indexOf("?");
  return start < 0 ? pathOf(request) : pathOf(request) + request.url.slice(start);
}

/** Loopback names only with our port; names that the owner has allowed with any, for there a proxy listens. */
export function isOurHost(host: string, port: number | null, allowed: readonly string[]): boolean {
  const [, name = "", asked] = /^(\[[0-9a-f:]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(host) ?? [];
  if (allowed.some((one) => one.toLowerCase() === name)) return true;
  return LOOPBACK.has(name) && (port === null || Number(asked ?? 80) === port);
}

/** Is this `Origin` the one that our own pages have? */
export function isOurOrigin(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}

/** The origin of this server as an admitted caller sees it: `http://127.0.0.1:7070`. */
export function baseOf(request: Request): string {
  return `http://${hostOf(request)}`;
}
