import { describe, expect, test } from "bun:test";

import { AppError } from "../../src/core/faults.ts";
import { cutPage, readPage } from "../../src/http/paging.ts";

const rows = [9, 8, 7].map((id) => ({ id }));

describe("a cursor", () => {
  test("leads to what comes after the page that gave it", () => {
    const page = cutPage({ limit: 2, q: "x" } as object, rows);
    expect(page.rows).toEqual([{ id: 9 }, { id: 8 }]);
    expect(page.pagination.has_more).toBe(true);
    const cursor = page.pagination.next_cursor ?? "";
    expect(cursor).toMatch(/^cur_[0-9a-z]{19}$/);
    // Another page size is no other list.
    expect(readPage({ limit: 50, cursor, q: "x" } as object)).toEqual({
      limit: 50,
      cursor: 8,
      offset: 0,
    });
  });

  test("is not given by the last page", () => {
    expect(cutPage({ limit: 3 }, rows).pagination).toEqual({
      limit: 3,
      has_more: false,
      next_cursor: null,
    });
    expect(cutPage({}, []).pagination).toEqual({ limit: 25, has_more: false, next_cursor: null });
  });

  test("of other filters, and one that was never given, is an invalid_field", () => {
    const cursor = cutPage({ limit: 2 }, rows).pagination.next_cursor ?? "";
    for (const query of [
      { cursor, q: "x" },
      { cursor: "cur_x" },
      { cursor: `${cursor}0` },
      { cursor: "" },
    ]) {
      expect(() => readPage(query)).toThrow(AppError);
    }
    expect(readPage({ cursor })).toEqual({ limit: 25, cursor: 8, offset: 0 });
  });
});

const thatCounts = (): never => {
  throw new Error("counted");
};

describe("?page=N", () => {
  test("counts: how many there are, how many pages that makes, and how to go on with a cursor", () => {
    const cut = cutPage({ limit: 2, page: 2 }, rows, () => 7);
    expect(cut.pagination).toMatchObject({ page: 2, limit: 2, total: 7, pages: 4, has_more: true });
    expect(readPage({ limit: 2, page: 4 })).toEqual({ limit: 2, cursor: null, offset: 6 });
    // The cursor of a counted page goes on after it.
    const cursor = cut.pagination.next_cursor ?? "";
    expect(readPage({ limit: 2, cursor }).cursor).toBe(8);
  });

  test("of nothing is page 1 of 0", () => {
    expect(cutPage({ page: 1 }, [], () => 0).pagination).toEqual({
      page: 1,
      limit: 25,
      total: 0,
      pages: 0,
      has_more: false,
      next_cursor: null,
    });
  });

  test("nothing is counted for those who follow cursors", () => {
    expect(cutPage({ limit: 2 }, rows, thatCounts).pagination).not.toHaveProperty("total");
  });

  test("does not go together with a cursor", () => {
    const cursor = cutPage({ limit: 2 }, rows).pagination.next_cursor ?? "";
    expect(() => readPage({ cursor, page: 1 })).toThrow("use one of them");
  });
});
