const INITIAL_BITS = 1_024
/** At this many bits a name one absent name in 16 is looked up in the map after all; at twice as many, one in 32. */
const BITS_PER_NAME = 16

/**
 * A map by name for what is asked often and is hardly ever there, such as the revocation of a token that is good. A map of
 * 50,000 entries lies all over memory, and a question costs as much as four reads past the caches; before it stands one bit
 * for each hash that a name here has (a Bloom filter of one function), few enough to stay in the cache. A bit can only be
 * set too many: what the map holds is always found.
 */
export class SeldomMap<Value> implements Iterable<[string, Value]> {
  readonly #entries = new Map<string, Value>()
  #bits = new Uint32Array(INITIAL_BITS / 32)
  #mask = INITIAL_BITS - 1
  /** Names whose bits are still set. */
  #deleted = 0

  get size(): number {
    return this.#entries.size
  }

  /** False for nearly every name that is not here; true for every one that is. */
  mayHave(name: string): boolean {
    const place = hash(name) & this.#mask
    return ((this.#bits[place >>> 5] ?? 0) & (1 << (place & 31))) !== 0
  }

  has(name: string): boolean {
    return this.mayHave(name) && this.#entries.has(name)
  }

  get(name: string): Value | undefined {
    return this.mayHave(name) ? this.#entries.get(name) : undefined
  }

  set(name: string, value: Value): void {
    this.#entries.set(name, value)
    if (this.#entries.size * BITS_PER_NAME > this.#mask) this.#markAll(2 * (this.#mask + 1))
    else this.#mark(name)
  }

  delete(name: string): boolean {
    const wasHere = this.#entries.delete(name)
    if (wasHere) this.#deleted++
    if (this.#deleted > INITIAL_BITS && this.#deleted > this.#entries.size) {
      this.#markAll(this.#mask + 1)
    }
    return wasHere
  }

  [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.#entries[Symbol.iterator]()
  }

  #markAll(bits: number): void {
    this.#bits = new Uint32Array(bits / 32)
    this.#mask = bits - 1
    this.#deleted = 0
    for (const name of this.#entries.keys()) this.#mark(name)
  }

  #mark(name: string): void {
    const place = hash(name) & this.#mask
    this.#bits[place >>> 5] = (this.#bits[place >>> 5] ?? 0) | (1 << (place & 31))
  }
}

/**
 * Over five characters before the last, of which base64 and base32 use a few bits: as good as drawn at random in a random
 * id. A character that is not there counts as none.
 */
function hash(name: string): number {
  const end = name.length
  let sum = name.charCodeAt(end - 6)
  sum = Math.imul(sum, 31) + name.charCodeAt(end - 5)
  sum = Math.imul(sum, 31) + name.charCodeAt(end - 4)
  sum = Math.imul(sum, 31) + name.charCodeAt(end - 3)
  return Math.imul(sum, 31) + name.charCodeAt(end - 2)
}
