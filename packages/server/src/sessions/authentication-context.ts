/**
 * How strong a log-in was, from how it was made (RFC 8176): `phr` is phishing-resistant (OpenID Connect EAP ACR Values
 * 1.0), `mfa` more than one factor, `sfa` one.
 */
export function toAcr(amr: readonly string[]): string {
  if (amr.includes('pop')) return 'phr'
  return amr.includes('mfa') ? 'mfa' : 'sfa'
}
