/** Putting wrappers in the place of a method, and taking them away again, in whatever order. */

type Method = (this: unknown, ...args: unknown[]) => unknown
type Instead = (original: Method, self: unknown, args: unknown[]) => unknown

/** One wrapper for all who want to stand before a method: several ledgers watch at the same time, and need not end in the order they began. */
interface Place {
  readonly original: Method
  readonly wrapper: Method
  /** The last stands outermost. */
  layers: readonly Instead[]
}

const places = new WeakMap<object, Map<string, Place>>()

/**
 * Replaces a method by one that is told the old one, its `this` and its arguments, and looks like it: name, length, and symbols such as that of
 * util.promisify. The returned function undoes it: the last one puts the old method back, unless somebody else wrapped ours.
 */
export function replaceMethod<T extends object, K extends keyof T & string>(holder: T, name: K, instead: Instead): () => void {
  const method: unknown = holder[name]
  if (typeof method !== 'function') return () => {}
  const byName = places.get(holder) ?? new Map<string, Place>()
  places.set(holder, byName)
  const known = byName.get(name)
  const place = known?.wrapper === method ? known : placeFor(method as Method, name)
  byName.set(name, place)
  holder[name] = place.wrapper as T[K]
  place.layers = [...place.layers, instead]
  return () => {
    place.layers = place.layers.filter((layer) => layer !== instead)
    if (place.layers.length > 0 || (holder[name] as unknown) !== place.wrapper) return
    holder[name] = place.original as T[K]
    byName.delete(name)
  }
}

function placeFor(original: Method, name: string): Place {
  const call = (layers: readonly Instead[], self: unknown, args: unknown[]): unknown => {
    const outermost = layers.at(-1)
    if (outermost === undefined) return Reflect.apply(original, self, args)
    if (layers.length === 1) return outermost(original, self, args)
    return outermost((...inner) => call(layers.slice(0, -1), self, inner), self, args)
  }
  const wrapper = {
    [name](this: unknown, ...args: unknown[]): unknown {
      return call(place.layers, this, args)
    },
  }[name] as Method
  for (const property of ['name', 'length', ...Object.getOwnPropertySymbols(original)]) {
    const descriptor = Object.getOwnPropertyDescriptor(original, property)
    if (descriptor !== undefined) Object.defineProperty(wrapper, property, descriptor)
  }
  const place: Place = { original, wrapper, layers: [] }
  return place
}
