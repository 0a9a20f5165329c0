import type { AccountToImport } from '@countersign/server'
import type { TutorialDocument } from './tutorial-source.ts'

export type Interpretation =
  | { readonly ok: true; readonly account: AccountToImport }
  | { readonly ok: false; readonly reason: string }

/**
 * The account that a document of the tutorial's `users` stands for. A document that says more about who may log in than
 * the tutorial's do is not interpreted: nobody who was shut out there may come in here.
 */
export function interpretDocument(
  { id, idTime, fields }: TutorialDocument,
  defaultRole: string,
): Interpretation {
  const { username, password, email } = fields
  if (typeof username !== 'string' || username === '') return refuse('it has no username')
  if (typeof password !== 'string' || password === '') return refuse('it has no password hash')
  const role = readRole(fields, defaultRole)
  if (role === undefined) return refuse('it has not exactly one role')
  const standing = Object.keys(fields).find((name) => standingFields.has(name.toLowerCase()))
  if (standing !== undefined && shutsOut(standing, fields[standing])) {
    return refuse(`its field "${standing}" may mean that it was shut out`)
  }
  const createdAt = toTime(fields['createdAt']) ?? idTime
  const account = {
    origin: { name: `tutorial ${id}`, time: idTime },
    username,
    passwordHash: password,
    role,
    email: typeof email === 'string' ? email : null,
    createdAt,
    updatedAt: toTime(fields['updatedAt']) ?? createdAt,
  }
  return { ok: true, account }
}

function readRole(
  { role, roles }: Readonly<Record<string, unknown>>,
  defaultRole: string,
): string | undefined {
  if (typeof role === 'string') return role
  if (role !== undefined && role !== null) return undefined
  // Mongoose fills a default in when it reads, so that it need not stand in the document.
  if (roles === undefined || roles === null) return defaultRole
  const [only, ...others] = Array.isArray(roles) ? (roles as unknown[]) : []
  return typeof only === 'string' && others.length === 0 ? only : undefined
}

const goodWhenTrue = ['active', 'isactive', 'enabled', 'isenabled', 'approved', 'isapproved']
const goodWhenFalse = [
  'banned',
  'isbanned',
  'blocked',
  'isblocked',
  'deleted',
  'isdeleted',
  'deletedat',
  'disabled',
  'isdisabled',
  'disabledat',
  'locked',
  'islocked',
  'suspended',
  'issuspended',
  'status',
]
const standingFields: ReadonlySet<string> = new Set([...goodWhenTrue, ...goodWhenFalse])

function shutsOut(name: string, value: unknown): boolean {
  if (goodWhenTrue.includes(name.toLowerCase())) return value !== true
  if (name.toLowerCase() === 'status') return value !== 'active'
  return value !== false && value !== null && value !== undefined
}

const lastTime = Date.UTC(9999, 11, 31)

/** A date, as servers of the protocol hand it out: as a date, as its text, as milliseconds. */
function toTime(value: unknown): number | undefined {
  const time =
    value instanceof Date
      ? value.getTime()
      : typeof value === 'string'
        ? Date.parse(value)
        : Number(value ?? Number.NaN)
  return time >= 0 && time <= lastTime ? Math.floor(time) : undefined
}

function refuse(reason: string): Interpretation {
  return { ok: false, reason }
}
