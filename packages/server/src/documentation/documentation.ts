import { readFileSync } from 'node:fs'

export interface DocumentationAsset {
  readonly contentType: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Nothing but our own files, no inline script or style, no text that becomes markup. */
export const documentationContentSecurityPolicy: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const directory = new URL('../../data/documentation/', import.meta.url)

const files: ReadonlyMap<string, { readonly file: string; readonly contentType: string }> = new Map(
  [],
)

/** The page under the empty name, and its parts under theirs. */
export function loadDocumentationAssets(): ReadonlyMap<string, DocumentationAsset> {
  return new Map(
    [...files].map(([name, { file, contentType }]) => [
      name,
      { contentType, bytes: new Uint8Array(readFileSync(new URL(file, directory))) },
    ]),
  )
}
