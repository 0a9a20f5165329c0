export interface GatheringOptions {
  /** As many go on together. */
  readonly size: number
  /** Nobody waits longer for the others to come. */
  readonly maxWaitMs: number
}

/** Lets those who come one by one go on together. */
export interface Gathering {
  /** Until the group is full, the wait is over or the group is released. */
  join(): Promise<void>
  /** Whoever is here goes on now. */
  release(): void
}

export function createGathering({ size, maxWaitMs }: GatheringOptions): Gathering {
  let group = Promise.withResolvers<void>()
  let present = 0
  let timer: NodeJS.Timeout | undefined

  const release = (): void => {
    if (present === 0) return
    clearTimeout(timer)
    group.resolve()
    group = Promise.withResolvers()
    present = 0
  }
  return {
    join: () => {
      const { promise } = group
      present++
      if (present === 1) timer = setTimeout(release, maxWaitMs)
      if (present >= size) release()
      return promise
    },
    release,
  }
}
