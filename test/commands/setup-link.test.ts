// The first account, by the link that the start prints: what a new user does first.
import { expect, test } from "bun:test";

import { runProgram, startProgram, temporaryDirectory } from "../world/program.ts";

const EMAIL = "ada@example.com";
const PASSWORD = "correct horse battery";

test("D2 the start prints a link for the first account, which works once, and no link after that", async () => {
  const place = temporaryDirectory();
  const options = { cwd: place.path };
  const program = await startProgram(["--dir", place.path], options);
  const { url } = program;
  const post = (path: string, body: object) =>
    fetch(new URL(path, url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const [, token = ""] = /\/setup#t=([\w-]{43})\n/.exec(program.banner) ?? [];
  expect(token).not.toBe("");
  expect((await fetch(new URL("/setup", url))).status).toBe(200);
  const order = { token, email: EMAIL, password: PASSWORD };
  expect((await post("/v1/auth/setup", order)).status).toBe(201);
  expect((await post("/v1/auth/setup", order)).status).toBe(409);
  const login = await post("/v1/auth/login", { email: EMAIL, password: PASSWORD });
  const cookie = login.headers.get("set-cookie")?.split(";")[0] ?? "";
  const { stderr } = await program.end();
  expect(stderr).not.toContain(token);

  // The session outlives the program: its key is derived from the master key.
  const again = await startProgram(["--dir", place.path], options);
  expect(again.banner).not.toContain("/setup");
  const session = await fetch(new URL("/v1/auth/session", again.url), { headers: { cookie } });
  expect(await session.json()).toMatchObject({ data: { user: { email: EMAIL } } });
  await again.end();
  place.remove();
});

test("D2 whoever made the account on the command line is offered no link", async () => {
  const place = temporaryDirectory();
  const options = { cwd: place.path, stdin: `${PASSWORD}\n` };
  const args = ["setup", "--email", EMAIL, "--password-file", "-", "--dir", place.path];
  expect((await runProgram(args, options)).exit_code).toBe(0);
  const program = await startProgram(["--dir", place.path], options);
  expect(program.banner).not.toContain("/setup");
  await program.end();
  place.remove();
});
