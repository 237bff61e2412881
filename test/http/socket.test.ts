// What only a socket shows: requests that no well-behaved client writes.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";

import { createKey, revokeKey } from "../../src/resources/api-keys/actions.ts";
import { openTestHouse, type TestHouse } from "../world/house.ts";

let house: TestHouse;
let port: number;
beforeAll(async () => {
  house = await openTestHouse();
  port = Number(new URL(house.house.listen()).port);
});
afterAll(() => house.close());

/** Writes `text` and answers all that comes back until the server hangs up. */
function speak(text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let heard = "";
  const socket = connect(port, "127.0.0.1", () => socket.write(text.replaceAll("\n", "\r\n")));
  socket.on("data", (bytes) => {
    heard += bytes.toString("utf8");
  });
  socket.on("close", () => resolve(heard));
  socket.on("error", reject);
  return promise;
}

const statuses = (answer: string) =>
  [...answer.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, status]) => status);
const bearer = (key: string) => `Authorization: Bearer ${key}\n`;
const head = () => `Host: 127.0.0.1:${port}\nConnection: close\n${bearer(house.key.key)}`;

describe("on the wire", () => {
  test("a request without a Host is told that it came to the wrong one", async () => {
    const answer = await speak("GET /v1/leads HTTP/1.0\n\n");
    expect(statuses(answer)).toEqual(["421"]);
    expect(answer).toContain('"code":"wrong_host"');
    expect(house.lines).toEqual([]);
  });

  test("our name with another port is another host", async () => {
    expect(
      statuses(
        await speak(`GET /livez HTTP/1.1\nHost: localhost:${port + 1}\nConnection: close\n\n`),
      ),
    ).toEqual(["421"]);
    expect(
      statuses(await speak(`GET /livez HTTP/1.1\nHost: localhost\nConnection: close\n\n`)),
    ).toEqual(["421"]);
    expect(
      statuses(await speak(`GET /livez HTTP/1.1\nHost: localhost:${port}\nConnection: close\n\n`)),
    ).toEqual(["200"]);
  });

  test("a body in chunks is refused before it is read", async () => {
    const answer = await speak(
      `POST /v1/leads HTTP/1.1\n${head()}Content-Type: application/json\nTransfer-Encoding: chunked\n\n2\n{}\n0\n\n`,
    );
    expect(statuses(answer)).toEqual(["413"]);
    expect(answer).toContain("Content-Length");
  });

  test("a body that says it is 2 MB is refused before it comes", async () => {
    const answer = await speak(
      `POST /v1/leads HTTP/1.1\n${head()}Content-Type: application/json\nContent-Length: 2000000\n\n${" ".repeat(2_000_000)}`,
    );
    expect(statuses(answer)).toEqual(["413"]);
    expect(answer).toContain('"code":"payload_too_large"');
  });

  test("A5: a body that says it is larger than any may be gets our 413 and not the socket's empty one", async () => {
    const answer = await speak(
      `POST /v1/leads/bulk HTTP/1.1\n${head()}Content-Type: application/json\nContent-Length: 90000000\n\n{}`,
    );
    expect(statuses(answer)).toEqual(["413"]);
    expect(answer).toContain('"code":"payload_too_large"');
    expect(answer.toLowerCase()).toContain("x-ratelimit-remaining: ");
  });

  test("A5: headers above 16 KB are the socket's business: an empty 431", async () => {
    const answer = await speak(
      `GET /v1/leads HTTP/1.1\n${head()}X-Large: ${"x".repeat(17_000)}\n\n`,
    );
    expect(statuses(answer)).toEqual(["431"]);
  });

  test("OPTIONS with a key says what a URL takes, without one it is a 401", async () => {
    const answer = await speak(`OPTIONS /v1/leads HTTP/1.1\n${head()}\n`);
    expect(statuses(answer)).toEqual(["204"]);
    expect(answer.toLowerCase()).toContain("allow: get, head, options, post");
    const bare = `Host: 127.0.0.1:${port}\nConnection: close\n`;
    expect(statuses(await speak(`OPTIONS /v1/leads HTTP/1.1\n${bare}\n`))).toEqual(["401"]);
  });

  test("HEAD has the headers of GET and no body", async () => {
    const answer = await speak(`HEAD /v1/leads HTTP/1.1\n${head()}\n`);
    expect(statuses(answer)).toEqual(["200"]);
    expect(answer.toLowerCase()).toContain("x-request-id: req_");
    expect(answer).toEndWith("\r\n\r\n");
  });

  test("a key that is revoked between two requests of one connection ends at the second", async () => {
    const { control, workspace_id } = house;
    const { key, id } = createKey(control, {
      workspace_id,
      mode: "live",
      scopes: ["all"],
      name: "",
    });
    const request = (connection: string) =>
      `GET /v1/leads HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: ${connection}\r\n${bearer(key).trim()}\r\n\r\n`;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    let heard = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(request("keep-alive")));
    socket.on("data", (bytes) => {
      const first = heard === "";
      heard += bytes.toString("utf8");
      if (!first) return;
      revokeKey(control, id);
      socket.write(request("close"));
    });
    socket.on("close", () => resolve(heard));
    socket.on("error", reject);
    expect(statuses(await promise)).toEqual(["200", "401"]);
  });
});
