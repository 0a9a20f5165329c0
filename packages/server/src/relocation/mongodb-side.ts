import { setTimeout as sleep } from 'node:timers/promises'
import type { Collection } from 'mongodb'
import { longestWaitMs, parseMongodbUrl } from '../config/mongodb-url.ts'
import type { MongodbSettings } from '../config/settings.ts'
import type { Clock } from '../foundation/clock.ts'
import { StoreUnavailableError } from '../foundation/store-failure.ts'
import { collectionNames } from '../stores/mongodb/documents.ts'
import {
  checksumOf,
  migrateMongodb,
  migrations,
  readAppliedInMongodb,
} from '../stores/mongodb/migrations/migrate.ts'
import { isDuplicateKey } from '../stores/mongodb/mongodb-failure.ts'
import { type MongodbDatabase, withMongodbDatabase } from '../stores/mongodb/mongodb-database.ts'
import { markWatchMs } from '../stores/mongodb/watch-mark.ts'
import { findMark, markNumber, type MoveMark, toMarkRow } from '../stores/move-mark.ts'
import { checkSteps, fromNewer } from './check-schema.ts'
import type { Row } from './content-digest.ts'
import { collectionOf, type Document, toDocument, toRow, toStorable } from './document-form.ts'
import type { MovedTable } from './moved-tables.ts'
import { batchSize, type Side } from './side.ts'

/** To delete what an earlier run left, or to make an index, takes its time. */
const patience = { socketTimeoutMS: 3_600_000 }

/** Instances know of the mark by then, and what they had begun before has ended. */
const fenceMs = markWatchMs + longestWaitMs + 1_000

export function withMongodbSide<T>(
  { url }: MongodbSettings,
  clock: Clock,
  use: (side: Side) => Promise<T>,
): Promise<T> {
  return withMongodbDatabase(url, patience, async (database) => {
    const { collections } = database
    const { hosts = '', database: name = '' } = parseMongodbUrl(url) ?? {}
    const place = `mongodb://${hosts}/${name}`
    await refuseUnknownCollections(place, database)
    const applied = await readAppliedInMongodb(collections)
    const isNew = checkSteps(place, migrations, checksumOf, applied)
    if (isNew) await migrateMongodb(collections, clock)
    return use(new MongodbSide(database, place, findMark(applied)))
  })
}

async function refuseUnknownCollections(place: string, database: MongodbDatabase): Promise<void> {
  const known = new Set(Object.values(collectionNames))
  const names = await database.listCollectionNames()
  const unknown = names.find((name) => name.startsWith('countersign_') && !known.has(name))
  if (unknown !== undefined) throw fromNewer(place, `the collection ${unknown}`)
}

class MongodbSide implements Side {
  readonly place: string
  readonly #database: MongodbDatabase
  /** As it is in the database. */
  #mark: MoveMark | undefined

  constructor(database: MongodbDatabase, place: string, mark: MoveMark | undefined) {
    this.#database = database
    this.place = place
    this.#mark = mark
  }

  async readTime(): Promise<number> {
    return (await this.#database.readServer()).time
  }

  async readMark(): Promise<MoveMark | undefined> {
    return this.#mark
  }

  // There are no locks. Instances look for the mark before they act, and this waits until each of them has.
  async hold(leaving?: MoveMark): Promise<void> {
    if (leaving === undefined || this.#mark?.state === 'moved') return
    await this.commit(leaving)
    await sleep(fenceMs)
  }

  async release(): Promise<void> {
    if (this.#mark?.state === 'leaving') await this.commit(undefined)
  }

  async commit(mark: MoveMark | undefined): Promise<void> {
    if (!(await this.#swapMark(mark))) {
      const message = `Another move has begun at ${this.place}: this one stops.`
      throw new StoreUnavailableError('locked', message)
    }
    this.#mark = mark
  }

  /** In one write, whatever it was: there is no moment without a mark. */
  async #swapMark(mark: MoveMark | undefined): Promise<boolean> {
    const notes = this.#database.collections.migrations
    const own = this.#mark && { _id: markNumber, checksum: this.#mark.id }
    if (mark === undefined) return !own || (await notes.deleteOne(own)).deletedCount === 1
    const { number, ...note } = toMarkRow(mark)
    if (own) return (await notes.updateOne(own, { $set: note })).matchedCount === 1
    try {
      await notes.insertOne({ _id: number, ...note })
      return true
    } catch (error) {
      if (isDuplicateKey(error)) return false
      throw error
    }
  }

  async *rows(table: MovedTable): AsyncGenerator<readonly Row[]> {
    let batch: Row[] = []
    for await (const document of this.#collection(table).find({}).batchSize(batchSize)) {
      batch.push(toRow(table, document))
      if (batch.length < batchSize) continue
      yield batch
      batch = []
    }
    if (batch.length > 0) yield batch
  }

  async hasRows(table: MovedTable): Promise<boolean> {
    return (await this.#collection(table).findOne({})) !== null
  }

  async clear(table: MovedTable): Promise<void> {
    await this.#collection(table).deleteMany({})
  }

  storable(table: MovedTable, row: Row): Row {
    return toStorable(table, row)
  }

  async insert(table: MovedTable, rows: readonly Row[]): Promise<void> {
    await this.#collection(table).insertMany(rows.map((row) => toDocument(table, row)))
  }

  #collection(table: MovedTable): Collection<Document> {
    return this.#database.collections[collectionOf(table)] as unknown as Collection<Document>
  }
}
