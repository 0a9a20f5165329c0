const WORDS = 8
/** What makes the look-ups long is the last quarter. */
const MOST_FILLED = 0.77

/** Eight words of SHA-256, which whoever asks may overwrite afterwards. */
export type Digest = Int32Array

/** The last digests that were asked for. */
export interface RecentDigests {
  has(digest: Digest): boolean
  add(digest: Digest): void
}

/**
 * Remembers at least half of `size` digests of SHA-256 and at most all, 42 to 84 bytes each. In arrays of numbers: a hundred
 * thousand strings would have to be walked over by every collection of garbage. Two of them, of which the older is
 * emptied as a whole: nothing has to be found and deleted one by one.
 */
export function createRecentDigests(size: number): RecentDigests {
  const half = Math.ceil(size / 2)
  let newer = createTable(half)
  let older = createTable(half)

  function add(digest: Digest): void {
    if (newer.count() >= half) {
      const emptied = older
      emptied.clear()
      older = newer
      newer = emptied
    }
    newer.add(digest)
  }

  return {
    add,
    has: (digest) => {
      if (newer.has(digest)) return true
      if (!older.has(digest)) return false
      add(digest)
      return true
    },
  }
}

interface Table extends RecentDigests {
  count(): number
  clear(): void
}

/** Open addressing: a digest stands at the place that its first word names, or behind it. There is always room left. */
function createTable(capacity: number): Table {
  const slots = 2 ** Math.ceil(Math.log2(capacity / MOST_FILLED + 1))
  // Memory that nothing was written to takes none.
  const words = new Int32Array(slots * WORDS)
  let used = 0

  /** Where the digest stands, or where it would. A first word of zero is an empty place. */
  function find(digest: Digest, first: number): number {
    let slot = first & (slots - 1)
    while (words[slot * WORDS] !== 0 && !isAt(slot * WORDS, digest)) slot = (slot + 1) & (slots - 1)
    return slot * WORDS
  }

  function isAt(at: number, digest: Digest): boolean {
    for (let word = 0; word < WORDS; word++) {
      if (words[at + word] !== digest[word]) return false
    }
    return true
  }

  return {
    count: () => used,
    clear: () => {
      words.fill(0)
      used = 0
    },
    has: (digest) => {
      const first = digest[0] ?? 0
      return first !== 0 && words[find(digest, first)] !== 0
    },
    add: (digest) => {
      const first = digest[0] ?? 0
      // One of four thousand million digests begins so, and is not remembered.
      if (first === 0) return
      const at = find(digest, first)
      if (words[at] === 0) used++
      for (let word = 0; word < WORDS; word++) words[at + word] = digest[word] ?? 0
    },
  }
}
