// Makes a question that is asked often cheap to ask: SQLite compiles some statements anew at every value that is bound.
// The answer stays the same.

/**
 * SQLite 3.54 prepares a SELECT with ORDER BY, min(), max() or a LIMIT anew each time that a value is bound to one of its
 * comparisons, which takes ten times as long as the look into the index. A value in a subquery is none of its business.
 * Other statements are given back as they are. Costs more than it saves where it is not done once for all.
 */
export function bindOnce(sql: string): string {
  if (!/^\s*(?:SELECT|WITH)\b/.test(sql) || !/\bORDER BY\b|\bLIMIT\b|\bm(?:in|ax)\(/.test(sql))
    return sql;
  return sql.replace(/(\(SELECT )?(\?\d*|\$[a-z_]+\b)/g, (whole, bound?: string) =>
    bound === undefined ? `(SELECT ${whole})` : whole,
  );
}
