// A prepared statement that the server has answered before, in one packet: the driver's own query asks each time how the
// rows will look, writes four messages one by one, and builds a result that nobody reads. This is the interface that the
// driver has for other kinds of query (`Submittable`), which pg-cursor and pg-query-stream use too.

import type { Connection, PoolClient, QueryConfig, QueryResult, Submittable } from 'pg'

/** What callers read of an answer. */
export interface PostgresAnswer {
  readonly rows: Record<string, unknown>[]
  readonly rowCount: number | null
}

type Done = (error: Error | null, answer: PostgresAnswer | undefined) => void
type Parse = (text: string) => unknown

interface Column {
  readonly name: string
  readonly parse: Parse
}

/** How the rows of each statement look, by its name: the name is derived from the text. */
export type KnownRows = Map<string, readonly Column[]>

interface Statement {
  readonly name: string
  readonly columns: readonly Column[]
  readonly values: readonly unknown[]
}

/**
 * Sends a statement the shortest way there is.
 * @param known shared by all connections of a pool
 */
export function sendPrepared(
  client: PoolClient,
  query: QueryConfig,
  known: KnownRows,
  done: Done,
): void {
  const { name, values = [] } = query
  const columns = name === undefined ? undefined : known.get(name)
  if (name !== undefined && columns && isPreparedOn(client, name)) {
    sendShort(client, { name, columns, values }, done)
    return
  }
  client.query(query, (error: Error | null, result: QueryResult) => {
    if (error) {
      done(error, undefined)
      return
    }
    if (name !== undefined) known.set(name, columnsOf(client, result))
    done(null, { rows: result.rows, rowCount: result.rowCount })
  })
}

function sendShort(client: PoolClient, { name, columns, values }: Statement, done: Done): void {
  let packet: Buffer
  try {
    packet = encodeExecution(name, values)
  } catch (error) {
    done(error as Error, undefined)
    return
  }
  client.query(new PreparedQuery(packet, columns, done))
}

// The driver keeps its own account of this; without it everything goes the driver's way.
function isPreparedOn(client: PoolClient, name: string): boolean {
  const { connection } = client as { connection?: { parsedStatements?: Record<string, unknown> } }
  return connection?.parsedStatements?.[name] !== undefined
}

function columnsOf(client: PoolClient, { fields }: QueryResult): Column[] {
  return fields.map(({ name, dataTypeID }) => ({
    name,
    parse: client.getTypeParser(dataTypeID, 'text') as Parse,
  }))
}

/** Called by the driver's client as the messages of the answer come in. */
class PreparedQuery implements Submittable {
  /** The client puts its time limit around it. */
  callback: Done
  readonly #packet: Buffer
  readonly #columns: readonly Column[]
  readonly #rows: Record<string, unknown>[] = []
  #rowCount: number | null = null

  constructor(packet: Buffer, columns: readonly Column[], done: Done) {
    this.#packet = packet
    this.#columns = columns
    this.callback = done
  }

  submit({ stream }: Connection): void {
    if (stream.writable) stream.write(this.#packet)
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const row: Record<string, unknown> = {}
    const columns = this.#columns
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index]
      const text = fields[index] ?? null
      if (column) row[column.name] = text === null ? null : column.parse(text)
    }
    this.#rows.push(row)
  }

  /** `SELECT 1`, `INSERT 0 1`. */
  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#rowCount = Number(text.slice(text.lastIndexOf(' ') + 1))
  }

  handleReadyForQuery(): void {
    this.callback(null, { rows: this.#rows, rowCount: this.#rowCount })
  }

  handleError(error: Error): void {
    this.callback(error, undefined)
  }

  // What the protocol does not bring in answer to these messages.
  handleRowDescription(): void {}
  handlePortalSuspended(): void {}
  handleEmptyQuery(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}
}

const bindCode = 0x42
const absent = -1
// Execute of the unnamed portal without a limit of rows, then Sync (PostgreSQL documentation, "Message Formats").
const executeAndSync = Buffer.from('450000000900000000005300000004', 'hex')

/** Bind of a prepared statement to the unnamed portal, Execute and Sync. Results come as text. */
export function encodeExecution(name: string, values: readonly unknown[]): Buffer {
  const parameters = values.map(toParameter)
  let size = 1 + 4 + 1 + Buffer.byteLength(name) + 1 + 2 + 2 * values.length + 2 + 2 + 2
  for (const parameter of parameters) {
    size += 4
    if (parameter !== null) size += byteLength(parameter)
  }
  const packet = Buffer.allocUnsafe(size + executeAndSync.length)
  packet[0] = bindCode
  let at = packet.writeInt32BE(size - 1, 1)
  packet[at++] = 0
  at += packet.write(name, at)
  packet[at++] = 0
  at = packet.writeInt16BE(values.length, at)
  for (const parameter of parameters) {
    at = packet.writeInt16BE(typeof parameter === 'string' || parameter === null ? 0 : 1, at)
  }
  at = packet.writeInt16BE(values.length, at)
  for (const parameter of parameters) at = writeParameter(packet, parameter, at)
  // One format for all columns of the result: text.
  at = packet.writeInt16BE(1, at)
  at = packet.writeInt16BE(0, at)
  executeAndSync.copy(packet, at)
  return packet
}

function writeParameter(packet: Buffer, parameter: string | Uint8Array | null, at: number): number {
  if (parameter === null) return packet.writeInt32BE(absent, at)
  const start = packet.writeInt32BE(byteLength(parameter), at)
  if (typeof parameter === 'string') return start + packet.write(parameter, start)
  packet.set(parameter, start)
  return start + parameter.length
}

function byteLength(parameter: string | Uint8Array): number {
  return typeof parameter === 'string' ? Buffer.byteLength(parameter) : parameter.length
}

/** As the stores bind them: anything else would be a defect here. */
function toParameter(value: unknown): string | Uint8Array | null {
  if (typeof value === 'string' || value instanceof Uint8Array) return value
  if (typeof value === 'number') return `${value}`
  if (value === null) return null
  throw new TypeError(`PostgreSQL cannot be given ${typeof value}`)
}
