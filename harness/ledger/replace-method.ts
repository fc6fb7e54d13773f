/** Putting a wrapper in the place of a method, and taking it away again. */

type Method = (this: unknown, ...args: unknown[]) => unknown

/**
 * Replaces a method by one that is told the old one, its `this` and its arguments, and looks like it: name, length, and symbols such as that of
 * util.promisify. The returned function puts the old one back, unless somebody wrapped ours.
 */
export function replaceMethod<T extends object, K extends keyof T & string>(
  holder: T,
  name: K,
  instead: (original: Method, self: unknown, args: unknown[]) => unknown,
): () => void {
  const original = holder[name]
  if (typeof original !== 'function') return () => {}
  const wrapper = {
    [name](this: unknown, ...args: unknown[]): unknown {
      return instead(original as Method, this, args)
    },
  }[name]
  for (const property of ['name', 'length', ...Object.getOwnPropertySymbols(original)]) {
    const descriptor = Object.getOwnPropertyDescriptor(original, property)
    if (descriptor !== undefined) Object.defineProperty(wrapper, property, descriptor)
  }
  holder[name] = wrapper as T[K]
  return () => {
    if (holder[name] === (wrapper as T[K])) holder[name] = original
  }
}
