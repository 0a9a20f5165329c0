// A prepared statement that the server has answered before, in one packet: the driver's own query asks each time how the
// rows will look, writes four messages one by one, and builds a result that nobody reads. And several executions of it in
// one packet, which costs one system call and wakes one process of the server once. This is the interface that the driver
// has for other kinds of query (`Submittable`), which pg-cursor and pg-query-stream use too.

import type { Connection, PoolClient, QueryResult, Submittable } from 'pg'

/** What callers read of an answer. */
export interface PostgresAnswer {
  readonly rows: Record<string, unknown>[]
  readonly rowCount: number | null
}

export interface NamedStatement {
  /** Derived from the text. */
  readonly name: string
  readonly text: string
}

/** The arguments of one execution, in the order of the placeholders. */
export type Arguments = readonly unknown[]

/** An answer for each execution, in their order. */
type Done = (error: Error | null, answers: PostgresAnswer[] | undefined) => void
type Parse = (text: string) => unknown

interface Column {
  readonly name: string
  readonly parse: Parse
}

/** How the rows of each statement look, by its name. */
export type KnownRows = Map<string, readonly Column[]>

/**
 * Sends a statement the shortest way there is. Executions share a transaction, in which each sees what was committed
 * before it began; when one fails, so do those that share its transaction. What this connection has not prepared yet goes
 * alone and before the others, in a transaction of its own: nothing tells then whether it was carried out when a later one
 * failed, so only reads may come in company.
 *
 * @param known shared by all connections of a pool
 */
export function sendPrepared(
  client: PoolClient,
  statement: NamedStatement,
  executions: readonly Arguments[],
  known: KnownRows,
  done: Done,
): void {
  const { name, text } = statement
  const columns = known.get(name)
  if (columns && isPreparedOn(client, name)) {
    sendShort(client, name, columns, executions, done)
    return
  }
  const [values = [], ...others] = executions
  client.query({ name, text, values: [...values] }, (error: Error | null, result: QueryResult) => {
    if (error) {
      done(error, undefined)
      return
    }
    known.set(name, columnsOf(client, result))
    const first = { rows: result.rows, rowCount: result.rowCount }
    if (others.length === 0) done(null, [first])
    else {
      sendPrepared(client, statement, others, known, (failure, answers) =>
        done(failure, answers && [first, ...answers]),
      )
    }
  })
}

function sendShort(
  client: PoolClient,
  name: string,
  columns: readonly Column[],
  executions: readonly Arguments[],
  done: Done,
): void {
  let packet: Buffer
  try {
    packet = encodeExecutions(name, executions)
  } catch (error) {
    done(error as Error, undefined)
    return
  }
  client.query(new PreparedExecutions(packet, columns, done))
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
class PreparedExecutions implements Submittable {
  /** The client puts its time limit around it. */
  callback: Done
  readonly #packet: Buffer
  readonly #columns: readonly Column[]
  readonly #answers: PostgresAnswer[] = []
  #rows: Record<string, unknown>[] = []

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

  /** `SELECT 1`, `INSERT 0 1`: one execution is done, but not committed. */
  handleCommandComplete({ text }: { readonly text: string }): void {
    const rowCount = Number(text.slice(text.lastIndexOf(' ') + 1))
    this.#answers.push({ rows: this.#rows, rowCount })
    this.#rows = []
  }

  handleReadyForQuery(): void {
    this.callback(null, this.#answers)
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
// Execute of the unnamed portal without a limit of rows, and Sync (PostgreSQL documentation, "Message Formats").
const execute = Buffer.from('45000000090000000000', 'hex')
const sync = Buffer.from('5300000004', 'hex')

/** Bind of a prepared statement to the unnamed portal and Execute, for each of them; one Sync. Results come as text. */
export function encodeExecutions(name: string, executions: readonly Arguments[]): Buffer {
  const bound = executions.map((values) => values.map(toParameter))
  const nameSize = Buffer.byteLength(name)
  const size = bound.reduce((sum, parameters) => sum + bindSize(nameSize, parameters), 0)
  const packet = Buffer.allocUnsafe(size + execute.length * bound.length + sync.length)
  let at = 0
  for (const parameters of bound) {
    at = writeBind(packet, name, bindSize(nameSize, parameters), parameters, at)
    at += execute.copy(packet, at)
  }
  sync.copy(packet, at)
  return packet
}

type Parameter = string | Uint8Array | null

function bindSize(nameSize: number, parameters: readonly Parameter[]): number {
  let size = 1 + 4 + 1 + nameSize + 1 + 2 + 2 * parameters.length + 2 + 2 + 2
  for (const parameter of parameters) {
    size += 4
    if (parameter !== null) size += byteLength(parameter)
  }
  return size
}

function writeBind(
  packet: Buffer,
  name: string,
  size: number,
  parameters: readonly Parameter[],
  start: number,
): number {
  packet[start] = bindCode
  let at = packet.writeInt32BE(size - 1, start + 1)
  packet[at++] = 0
  at += packet.write(name, at)
  packet[at++] = 0
  at = packet.writeInt16BE(parameters.length, at)
  for (const parameter of parameters) {
    at = packet.writeInt16BE(typeof parameter === 'string' || parameter === null ? 0 : 1, at)
  }
  at = packet.writeInt16BE(parameters.length, at)
  for (const parameter of parameters) at = writeParameter(packet, parameter, at)
  // One format for all columns of the result: text.
  at = packet.writeInt16BE(1, at)
  return packet.writeInt16BE(0, at)
}

function writeParameter(packet: Buffer, parameter: Parameter, at: number): number {
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
function toParameter(value: unknown): Parameter {
  if (typeof value === 'string' || value instanceof Uint8Array) return value
  if (typeof value === 'number') return `${value}`
  if (value === null) return null
  throw new TypeError(`PostgreSQL cannot be given ${typeof value}`)
}
