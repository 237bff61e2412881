// Turns a list of what is wrong into the one fault that tells all of it.
import { AppError, type FaultDetail } from "./faults.ts";

/** Throws `invalid_field` with every issue, the first one on top; nothing when there is none. */
export function refuseIssues(issues: readonly FaultDetail[]): void {
  const [first] = issues;
  if (first === undefined) return;
  throw new AppError(first.code ?? "invalid_field", first.message, {
    field: first.field,
    details: [...issues],
  });
}

/** One issue whose message begins with its field. */
export function issue(field: string, rule: string): FaultDetail {
  return { field, message: `${field} ${rule}` };
}

/** The fault of one field, to be thrown. */
export function invalidField(field: string, message: string): AppError {
  return new AppError("invalid_field", message, { field, details: [{ field, message }] });
}
