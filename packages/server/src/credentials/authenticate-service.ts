import type { AuditLog } from '../audit/audit-log.ts'
import { type Problem, problem } from '../http/problems.ts'
import type { RequestContext } from '../http/request-context.ts'
import { isServiceSecret, type Service } from '../services/service.ts'
import type { ServiceStore } from '../services/store.ts'

export type ServiceProof = { readonly service: Service } | { readonly problem: Problem }

/** Which service calls, by HTTP Basic with the id and the secret, each form-encoded (RFC 6749 section 2.3.1). */
export type AuthenticateService = (context: RequestContext) => Promise<ServiceProof>

export function createServiceAuthentication(parts: {
  readonly services: Pick<ServiceStore, 'findService'>
  readonly audit: AuditLog
  /** Counts a call without a good credential against its address. */
  readonly countStranger: (context: RequestContext) => Problem | undefined
}): AuthenticateService {
  const { services, audit, countStranger } = parts
  return async (context) => {
    const credential = readBasic(context.source.header('authorization'))
    const service = credential && (await services.findService(credential.id))
    if (credential && isServiceSecret(service, credential.secret) && service) return { service }
    const tooMany = countStranger(context)
    if (tooMany) return { problem: tooMany }
    if (credential) {
      const detail = { service: service?.name ?? null }
      await audit.record('service.refused', { detail }, context)
    }
    return { problem: problem('invalid_service_credential') }
  }
}

function readBasic(header: string | undefined): { id: string; secret: string } | undefined {
  const [, encoded] = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(header ?? '') ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 1) return undefined
  const id = decodeForm(text.slice(0, colon))
  const secret = decodeForm(text.slice(colon + 1))
  return id === undefined || secret === undefined ? undefined : { id, secret }
}

function decodeForm(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
