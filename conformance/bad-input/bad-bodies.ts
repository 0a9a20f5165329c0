import type { JsonSchema } from '../openapi/document.fixture.ts'

/** A body that no route may take, and what must be said about it. */
export interface BadBody {
  readonly name: string
  readonly bytes: string | Uint8Array
  readonly status: 400 | 413 | 415
  readonly headers?: Readonly<Record<string, string>>
  /** Only bytes show it: behind a host's parser there is nothing left to see, or the host has refused it. */
  readonly isOfBytes?: true
}

type Sample = Readonly<Record<string, unknown>>

export const bodyLimitBytes = 10_240

const json = { 'content-type': 'application/json' }

/** Values of every type, among them those that other languages' databases and parsers take for something else. */
const strangeValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  '',
  'text',
  [],
  ['text'],
  [[]],
  {},
  { $gt: '' },
  { $ne: null },
  { $where: 'sleep(1000)' },
  { $regex: '.*' },
  { toString: 'x' },
  { length: 9 },
  { valueOf: 1, constructor: { prototype: { role: 'admin' } } },
]

/** Every wrong value in every member; `isAllowed` is what the document says. */
export function wrongValues(sample: Sample, isAllowed: (body: unknown) => boolean): BadBody[] {
  const bodies = Object.keys(sample).flatMap((name) =>
    strangeValues.map((value) => ({ name, value, body: { ...sample, [name]: value } })),
  )
  return bodies
    .filter(({ body }) => !isAllowed(body))
    .map(({ name, value, body }) => ({
      name: `${name} is ${JSON.stringify(value)}`,
      bytes: JSON.stringify(body),
      status: 400,
    }))
}

/** The whole body of another shape. */
export function wrongShapes(sample: Sample): BadBody[] {
  const text = JSON.stringify(sample)
  const shapes = ['null', 'true', '1', '"text"', '[]', '[null]', `[${text}]`, JSON.stringify(text)]
  return shapes.map((bytes) => ({ name: `the body is ${bytes.slice(0, 20)}`, bytes, status: 400 }))
}

export function missingMembers(sample: Sample, { required = [] }: JsonSchema): BadBody[] {
  return required.map((name) => {
    const { [name]: _missing, ...rest } = sample
    return { name: `${name} is missing`, bytes: JSON.stringify(rest), status: 400 }
  })
}

/** Members that nobody asked for, from those that would be worth having to those that parsers trip over. */
export function extraMembers(sample: Sample): BadBody[] {
  const names = ['id', 'passwordHash', 'isAdmin', 'roles', 'sessionEpoch', '$set', '__v', '']
  const inherited = ['constructor', 'toString', 'hasOwnProperty', 'prototype', 'length']
  const wanted = [...names, ...inherited, 'role', 'disabled'].filter((name) => !(name in sample))
  return wanted.map((name) => ({
    name: `there is a member "${name}"`,
    bytes: JSON.stringify({ ...sample, [name]: 'x' }),
    status: 400,
  }))
}

/** `JSON.parse` makes `__proto__` an own member; whoever copies it later sets a prototype. */
export function prototypeMembers(sample: Sample): BadBody[] {
  const inside = JSON.stringify(sample).slice(1)
  const separator = inside === '}' ? '' : ','
  const members = [
    '"__proto__":{"role":"admin"}',
    '"__proto__":null',
    '"\\u005f_proto__":{"role":"admin"}',
    '"constructor":{"prototype":{"role":"admin"}}',
  ]
  return members.map((member) => ({
    name: `there is ${member}`,
    bytes: `{${member}${separator}${inside}`,
    status: 400,
  }))
}

/** Two readers of one text would each see another value. */
export function duplicateMembers(sample: Sample): BadBody[] {
  return Object.entries(sample).flatMap(([name, value]) => {
    const text = JSON.stringify(sample)
    const escaped = `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`
    return [name, escaped].flatMap((spelling) =>
      [JSON.stringify(value), '"other"'].map((second): BadBody => {
        const bytes = `${text.slice(0, -1)},"${spelling}":${second}}`
        return { name: `"${spelling}" stands there twice`, bytes, status: 400, isOfBytes: true }
      }),
    )
  })
}

/** Text that is no text in every member that takes some. */
export function brokenText(sample: Sample): BadBody[] {
  const names = Object.keys(sample).filter((name) => typeof sample[name] === 'string')
  const broken = ['"\\ud800"', '"\\udc00x"', '"a\\ud83d"', '"\\ude00\\ud83d"']
  return names.flatMap((name) =>
    broken.map(
      (value): BadBody => ({
        name: `${name} is ${value}`,
        bytes: replaceMember(sample, name, value),
        status: 400,
      }),
    ),
  )
}

/** Deep, long and huge, in every member. */
export function excess(sample: Sample): BadBody[] {
  const inMembers = Object.keys(sample).flatMap((name): BadBody[] => [
    {
      name: `${name} is nested 4,000 deep`,
      bytes: replaceMember(sample, name, '['.repeat(4000) + ']'.repeat(4000)),
      status: 400,
    },
    {
      name: `${name} is nested 33 deep`,
      bytes: replaceMember(sample, name, '{"a":'.repeat(33) + '1' + '}'.repeat(33)),
      status: 400,
    },
    {
      name: `${name} is 1e400`,
      bytes: replaceMember(sample, name, '1e400'),
      status: 400,
    },
    {
      name: `${name} has 3,000 digits`,
      bytes: replaceMember(sample, name, '9'.repeat(3000)),
      status: 400,
    },
    {
      name: `${name} has 20,000 characters`,
      bytes: replaceMember(sample, name, JSON.stringify('x'.repeat(20_000))),
      status: 413,
    },
  ])
  const text = JSON.stringify(sample)
  return [
    ...inMembers,
    { name: 'one byte too many', bytes: text.padEnd(bodyLimitBytes + 1), status: 413 },
    { name: '90,000 brackets', bytes: '['.repeat(90_000), status: 413, isOfBytes: true },
    { name: '2,000 members', bytes: manyMembers(1000), status: 400 },
  ]
}

function manyMembers(count: number): string {
  return JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, at) => [`m${at}`, 1])))
}

/** What is not JSON, though some parser takes it. */
export function notJson(sample: Sample): BadBody[] {
  const text = JSON.stringify(sample)
  const texts = [
    text.slice(0, -1),
    `${text}x`,
    `${text}${text}`,
    `${text},`,
    text.replace('}', ',}'),
    text.replaceAll('"', "'"),
    text.replace('{', '{/* comment */'),
    text.replace(/"(\w+)":/, '$1:'),
    `)]}',\n${text}`,
    text.replace(/:.*/, ':NaN}'),
    text.replace(/:.*/, ':Infinity}'),
    text.replace(/:.*/, ':01}'),
    text.replace(/:.*/, ':"\t"}'),
    text.replace(/:.*/, ':"\\x41"}'),
    text.replace(/:.*/, ':undefined}'),
    '{',
    ',',
    '\0',
    'username=ada&password=x',
    '<login/>',
  ]
  return [...new Set(texts)]
    .filter((bytes) => bytes !== text)
    .map((bytes) => ({ name: `the body is ${bytes.slice(0, 24)}`, bytes, status: 400 }))
}

/** Not UTF-8, or with a mark that says it could be something else (RFC 8259 §8.1). */
export function wrongEncodings(sample: Sample): BadBody[] {
  const text = JSON.stringify(sample)
  const encodings: Readonly<Record<string, Uint8Array>> = {
    'a byte order mark': Buffer.from(`\ufeff${text}`),
    'UTF-16': Buffer.from(text, 'utf16le'),
    'UTF-16 with a mark': Buffer.from(`\ufeff${text}`, 'utf16le'),
    'a byte ff': inString([0xff]),
    'a Latin-1 letter': inString([0xe9]),
    'an overlong slash': inString([0xc0, 0xaf]),
    'an overlong NUL': inString([0xc0, 0x80]),
    'a surrogate in UTF-8': inString([0xed, 0xa0, 0x80]),
    'half a character': inString([0xf0, 0x9f, 0x92]),
    'beyond Unicode': inString([0xf4, 0x90, 0x80, 0x80]),
    gzip: Buffer.from('1f8b08000000000000ff', 'hex'),
  }
  return Object.entries(encodings).map(([name, bytes]) => ({
    name,
    bytes,
    status: 400,
    isOfBytes: true,
  }))
}

function inString(bytes: readonly number[]): Uint8Array {
  return Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')])
}

/** The right bytes under another name. */
export function wrongTypes(sample: Sample): BadBody[] {
  const bytes = JSON.stringify(sample)
  const types = [
    'text/plain',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/octet-stream',
    'application/jsonp',
    'application/json-seq',
    'application/merge-patch+json',
    'application/problem+json',
    'application/*',
    '*/*',
    'json',
    'application/json, text/plain',
  ]
  const ofHeaders = types.map(
    (type): BadBody => ({
      name: `the type is ${type}`,
      bytes,
      status: 415,
      headers: { 'content-type': type },
    }),
  )
  const charsets = ['utf-16', 'iso-8859-1', 'utf-7', '"utf-16"', 'x; charset=utf-8']
  return [
    ...ofHeaders,
    ...charsets.map(
      (charset): BadBody => ({
        name: `the charset is ${charset}`,
        bytes,
        status: 415,
        headers: { 'content-type': `application/json; charset=${charset}` },
        isOfBytes: true,
      }),
    ),
    { name: 'there is no type', bytes, status: 415, headers: {} },
    {
      name: 'the body is said to be compressed',
      bytes,
      status: 415,
      headers: { ...json, 'content-encoding': 'gzip' },
      isOfBytes: true,
    },
  ]
}

function replaceMember(sample: Sample, name: string, value: string): string {
  const members = Object.entries(sample).map(
    ([key, own]) => `${JSON.stringify(key)}:${key === name ? value : JSON.stringify(own)}`,
  )
  return `{${members.join(',')}}`
}
