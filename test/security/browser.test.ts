// What a web page of somebody else, or a tunnel, can make of the local server. D7 (the public listener and its routes)
// comes with tracking; D3, D4 and D8 over every route stand in routes.test.ts.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";

import { SECURITY_HEADERS } from "../../src/http/headers.ts";
import { openTestHouse, type TestHouse } from "../world/house.ts";
import { runProgram, temporaryDirectory } from "../world/program.ts";

let house: TestHouse;
let port: number;
beforeAll(async () => {
  house = await openTestHouse();
  port = Number(new URL(house.house.listen()).port);
});
afterAll(() => house.close());

/** Can somebody connect to this address on our port? */
function listensOn(host: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port, timeout: 2000 }, () => {
    socket.destroy();
    resolve(true);
  });
  socket.on("error", () => resolve(false));
  socket.on("timeout", () => {
    socket.destroy();
    resolve(false);
  });
  return promise;
}

test("D5: a WebSocket of any page is refused, and no answer allows another origin", async () => {
  const headers = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  for (const path of ["/", "/v1/events", "/v1/nothing"]) {
    for (const origin of ["https://evil.test", `http://127.0.0.1:${port}`]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        headers: { ...headers, origin },
      });
      expect(answer.status).not.toBe(101);
      if (origin.includes("evil")) expect(answer.status).toBe(403);
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    }
  }
});

test("D5: a preflight of another origin is told nothing", async () => {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/leads`, {
    method: "OPTIONS",
    headers: {
      origin: "https://evil.test",
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization",
    },
  });
  expect(answer.status).toBe(403);
  expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual(
    [],
  );
});

describe("D6: the server", () => {
  test("listens on this machine's own address and on no other", async () => {
    expect(await listensOn("127.0.0.1")).toBe(true);
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal }) => !internal)
      .map(({ address }) => address);
    expect(
      await Promise.all([...others, "127.0.0.2"].map((address) => listensOn(address))),
    ).toEqual([...others, ""].map(() => false));
  });

  test("does not listen beyond this machine without a key or an account", async () => {
    const place = temporaryDirectory();
    try {
      const args = ["serve", "--dir", place.path, "--port", "0", "--host", "0.0.0.0"];
      const { exit_code, stderr } = await runProgram(args, { cwd: place.path });
      expect([exit_code, JSON.parse(stderr).error.code]).toEqual([2, "open_door"]);
    } finally {
      place.remove();
    }
  });
});

test("D8: the headers of every answer are these", () => {
  expect(SECURITY_HEADERS).toEqual({
    "content-security-policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
  });
});

describe("D9: what a proxy, or whoever plays one, says of a request", () => {
  const CLAIMS: Record<string, string>[] = [
    { "x-forwarded-for": "10.9.8.7", "x-real-ip": "10.9.8.7", forwarded: "for=10.9.8.7" },
    { "x-forwarded-host": "evil.test", "x-forwarded-proto": "https", "x-forwarded-port": "443" },
    { "x-original-url": "/livez", "x-rewrite-url": "/livez", "x-http-method-override": "GET" },
  ];
  test.each(CLAIMS)("%o opens nothing: this machine is no credential either", async (claims) => {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/leads`, { headers: claims });
    expect(answer.status).toBe(401);
    const { error } = JSON.parse(await answer.text());
    expect(error.doc).toBe(`http://127.0.0.1:${port}/docs/errors/missing_key`);
  });

  test("does not give a guesser a new address for each guess", async () => {
    const other = await openTestHouse();
    const url = other.house.listen();
    try {
      const answers = await Promise.all(
        Array.from({ length: 15 }, (_, at) =>
          fetch(`${url}/v1/leads`, {
            headers: { authorization: "Bearer x", "x-forwarded-for": `10.0.0.${at}` },
          }),
        ),
      );
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(5);
    } finally {
      await other.close();
    }
  });

  test("does not make the cookie one for https, nor change the links of an answer", async () => {
    const claims = { "x-forwarded-proto": "https", "x-forwarded-host": "evil.test" };
    const answer = await fetch(`http://127.0.0.1:${port}/v1/nothing`, {
      headers: { ...claims, authorization: `Bearer ${house.key.key}` },
    });
    expect(await answer.text()).not.toContain("evil.test");
  });
});
