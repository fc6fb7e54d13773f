/** What was read, or why it was not: one process of several must not hide the others. */
export function attempt<Value>(read: () => Value): Value | Error {
  try {
    return read()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
