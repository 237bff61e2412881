// One finding of the doctor: what was looked at, what was found, what that means and the one thing to do about it.

export interface Finding {
  check: string;
  result: "ok" | "warning" | "wrong";
  found: string;
  /** Null where all is well. */
  means: string | null;
  do: string | null;
}

export const fine = (check: string, found: string): Finding => ({
  check,
  result: "ok",
  found,
  means: null,
  do: null,
});

interface Trouble {
  found: string;
  means: string;
  do: string;
}

export const warning = (check: string, trouble: Trouble): Finding => ({
  check,
  result: "warning",
  ...trouble,
});

export const wrong = (check: string, trouble: Trouble): Finding => ({
  check,
  result: "wrong",
  ...trouble,
});
