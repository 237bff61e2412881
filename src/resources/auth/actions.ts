// Makes accounts and the one-time link for the first of them. Passwords are kept as argon2id, tokens as SHA-256.
import { createHash } from "node:crypto";

import { AppError } from "../../core/faults.ts";
import type { Control } from "../../ledger/control.ts";
import { hasUser, insertUser, replaceSetupToken } from "./store.ts";

const MIN_PASSWORD = 10;
const MAX_PASSWORD = 256;
const TOKEN_BYTES = 32;
const TOKEN_LIFE_MS = 24 * 60 * 60 * 1000;

/** A new account; answers its id. An address that has one already, or a password that is too short, is a fault. */
export async function createUser(
  control: Control,
  email: string,
  password: string,
): Promise<number> {
  const address = email.trim().toLowerCase();
  if (address.length > 254 || !/^[^\s@<>"]+@[^\s@<>"]+$/.test(address)) {
    throw invalid("email", "email must be an e-mail address such as ada@example.com");
  }
  if (password.length < MIN_PASSWORD || password.length > MAX_PASSWORD) {
    throw invalid("password", `password must have ${MIN_PASSWORD} to ${MAX_PASSWORD} characters`);
  }
  const password_hash = await Bun.password.hash(password, "argon2id");
  return control.write((tx) => {
    if (hasUser(tx, address)) throw invalid("email", "email has an account already");
    return insertUser(tx, { email: address, password_hash });
  });
}

/** A one-time token for `/setup`, good for 24 h. It ends every earlier one and is stored as its hash only. */
export function createSetupToken(control: Control): string {
  const token = Buffer.from(control.random.bytes(TOKEN_BYTES)).toString("base64url");
  const hash = createHash("sha256").update(token).digest();
  control.write((tx) => {
    replaceSetupToken(tx, { hash, expires_at: tx.now + TOKEN_LIFE_MS });
  });
  return token;
}

const invalid = (field: string, message: string) =>
  new AppError("invalid_field", message, { field, details: [{ field, message }] });
