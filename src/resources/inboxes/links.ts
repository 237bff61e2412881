// The links with which a sign-in begins: they name workspace, mode and inbox, and are signed, for whoever opens one
// brings no key along.
import { createHmac, timingSafeEqual } from "node:crypto";

import { deriveKey } from "../../core/sealing.ts";
import { type Mode, MODES } from "../../core/states.ts";
import type { Control } from "../../ledger/control.ts";

export interface LinkPlace {
  workspace_id: number;
  mode: Mode;
  inbox_id: number;
  /** Of the sign-in that was there when the link was made. */
  generation: number;
}

export interface Links {
  sign(place: LinkPlace): string;
  /** Null for anything that was not signed here. */
  read(link: string): LinkPlace | null;
}

const LONGEST = 200;

export function openLinks({ installation_secret }: Control): Links {
  const key = deriveKey(installation_secret, "sign-in link");
  const macOf = (text: string) => createHmac("sha256", key).update(text).digest();
  return {
    sign({ workspace_id, mode, inbox_id, generation }) {
      const text = `${workspace_id}.${mode}.${inbox_id}.${generation}`;
      return `${text}.${macOf(text).toString("base64url")}`;
    },
    read(link) {
      const end = link.lastIndexOf(".");
      if (link.length > LONGEST || end < 0) return null;
      const [text, mac] = [link.slice(0, end), Buffer.from(link.slice(end + 1), "base64url")];
      const right = macOf(text);
      if (mac.length !== right.length || !timingSafeEqual(mac, right)) return null;
      const [workspace_id = "", word = "", inbox_id = "", generation = ""] = text.split(".");
      const mode = MODES.find((one) => one === word);
      if (!mode) return null;
      return {
        workspace_id: Number(workspace_id),
        mode,
        inbox_id: Number(inbox_id),
        generation: Number(generation),
      };
    },
  };
}
