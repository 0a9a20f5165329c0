// Documentation: the contract as a document for programs and as a page for people.

import { z } from 'zod'
import { problem } from '../http/problems.ts'
import { defineRoute, type Route } from '../routing/route.ts'
import {
  type DocumentationAsset,
  documentationContentSecurityPolicy,
  loadDocumentationAssets,
} from './documentation.ts'

const common = {
  method: 'GET',
  tag: 'Documentation',
  access: 'anyone',
  counting: 'none',
  problems: [],
} as const

/** @param describe called once, when the document is first asked for */
export function documentationRoutes(describe: () => object): Route[] {
  let assets: ReturnType<typeof loadDocumentationAssets> | undefined
  let document: string | undefined
  // Read when somebody first looks, so that a start costs nothing for it.
  const answer = (name: string) => answerAsset((assets ??= loadDocumentationAssets()).get(name))

  const openapi = defineRoute(
    {
      ...common,
      path: '/openapi.json',
      operationId: 'openapi',
      summary: 'This document (OpenAPI 3.1)',
      success: {
        status: 200,
        description: 'The document',
        schema: z.looseObject({ openapi: z.string().meta({ examples: ['3.1.0'] }) }),
      },
    },
    () => {
      document ??= JSON.stringify(describe())
      const headers = { 'content-type': 'application/json; charset=utf-8' }
      return { status: 200, raw: document, headers }
    },
  )
  const page = defineRoute(
    {
      ...common,
      path: '/docs',
      operationId: 'documentation',
      summary: 'This documentation',
      success: { status: 200, description: 'A page', contentType: 'text/html' },
    },
    () => answer(''),
  )
  const asset = defineRoute(
    {
      ...common,
      path: '/docs/{asset}',
      operationId: 'documentationAsset',
      summary: 'A part of the documentation page',
      parameters: { asset: 'The name of a file, such as `style.css`' },
      success: { status: 200, description: 'The part', contentType: '*/*' },
      problems: ['not_found'],
    },
    ({ params }) => answer(params['asset'] ?? ''),
  )
  return [openapi, page, asset]
}

function answerAsset(asset: DocumentationAsset | undefined) {
  if (asset === undefined) return problem('not_found')
  return {
    status: 200,
    raw: asset.bytes,
    headers: {
      'content-type': asset.contentType,
      'cache-control': 'no-cache',
      'content-security-policy': documentationContentSecurityPolicy,
    },
  }
}
