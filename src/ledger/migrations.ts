// The lists of migrations, as text inside the binary. A new file is added here; a test holds the lists against the folders.
import control0001 from "../../migrations/control/0001_start.sql" with { type: "text" };
import control0002 from "../../migrations/control/0002_contract.sql" with { type: "text" };
import ledger0001 from "../../migrations/ledger/0001_start.sql" with { type: "text" };
import ledger0002 from "../../migrations/ledger/0002_contract.sql" with { type: "text" };
import ledger0003 from "../../migrations/ledger/0003_time.sql" with { type: "text" };
import ledger0004 from "../../migrations/ledger/0004_evidence.sql" with { type: "text" };
import ledger0005 from "../../migrations/ledger/0005_explain.sql" with { type: "text" };
import ledger0008 from "../../migrations/ledger/0008_effects.sql" with { type: "text" };
import ledger0009 from "../../migrations/ledger/0009_replies.sql" with { type: "text" };
import ledger0010 from "../../migrations/ledger/0010_sign_ins.sql" with { type: "text" };
import ledger0011 from "../../migrations/ledger/0011_meanings.sql" with { type: "text" };
import ledger0012 from "../../migrations/ledger/0012_reading.sql" with { type: "text" };

export interface Migration {
  name: string;
  sql: string;
}

export const CONTROL_MIGRATIONS: readonly Migration[] = [
  { name: "0001_start", sql: control0001 },
  { name: "0002_contract", sql: control0002 },
];

export const LEDGER_MIGRATIONS: readonly Migration[] = [
  { name: "0001_start", sql: ledger0001 },
  { name: "0002_contract", sql: ledger0002 },
  { name: "0003_time", sql: ledger0003 },
  { name: "0004_evidence", sql: ledger0004 },
  { name: "0005_explain", sql: ledger0005 },
  { name: "0008_effects", sql: ledger0008 },
  { name: "0009_replies", sql: ledger0009 },
  { name: "0010_sign_ins", sql: ledger0010 },
  { name: "0011_meanings", sql: ledger0011 },
  { name: "0012_reading", sql: ledger0012 },
];
