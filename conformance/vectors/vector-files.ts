import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AccessTokenVectors, makeAccessTokenVectors } from './access-token-vectors.ts'
import { type KeptKey, makeKeys, openKey, type VectorKey } from './vector-keys.ts'

const folder = import.meta.dirname

/** The files as the generator would write them now. */
export function renderVectorFiles(): ReadonlyMap<string, string> {
  const kept = existsSync(join(folder, 'signing-keys.json'))
    ? (read('signing-keys.json') as { keys: readonly KeptKey[] }).keys
    : makeKeys()
  const keys = new Map(kept.map((key) => [key.kid, openKey(key)]))
  const find = (kid: string): VectorKey => {
    const key = keys.get(kid)
    if (key === undefined) throw new Error(`signing-keys.json lacks ${kid}.`)
    return key
  }
  const vectors = makeAccessTokenVectors(
    {
      es: find('es-1'),
      ed: find('ed-1'),
      rs: find('rs-1'),
      ps: find('ps-1'),
      hs: find('hs-1'),
      stranger: find('stranger'),
    },
    earlierTokens(),
  )
  return new Map([
    ['signing-keys.json', render({ about: 'Published: trust them nowhere.', keys: kept })],
    ['access-tokens.json', render(vectors)],
  ])
}

export function readAccessTokenVectors(): AccessTokenVectors {
  return read('access-tokens.json') as AccessTokenVectors
}

function earlierTokens(): readonly string[] {
  if (!existsSync(join(folder, 'access-tokens.json'))) return []
  const { valid, invalid, sharedSecret, revocation } = readAccessTokenVectors()
  const lists = [valid, invalid, sharedSecret.valid, sharedSecret.invalid]
  return [...lists, revocation.live, revocation.revoked].flat().map(({ token }) => token)
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'))
}

function render(content: object): string {
  return `${JSON.stringify(content, null, 2)}\n`
}
