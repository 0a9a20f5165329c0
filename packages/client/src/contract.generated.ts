// Written by tools/write-client-contract.ts from the OpenAPI document; a test compares them.

export interface AccessAnswer {
  /** The same as `accessToken` */
  readonly token: string
  /** A JWT (RFC 9068) */
  readonly accessToken: string
  readonly tokenType: 'Bearer'
  /** Seconds */
  readonly expiresIn: number
}

export interface Factor {
  readonly id: string
  readonly kind: 'totp' | 'passkey' | 'recovery' | 'email'
  readonly name: string
  readonly createdAt: string
  readonly lastUsedAt: string | null
  /** Of recovery codes: how many are left */
  readonly remaining?: number
}

export interface FactorAdded {
  /** The same as `accessToken` */
  readonly token: string
  /** A JWT (RFC 9068) */
  readonly accessToken: string
  readonly tokenType: 'Bearer'
  /** Seconds */
  readonly expiresIn: number
  readonly factor: Factor
  readonly csrfToken?: string
  readonly refreshToken?: string
  readonly user?: Profile
}

export interface MailSent {
  readonly message: string
}

export interface PasskeyAssertion {
  readonly id: string
  readonly rawId: string
  readonly type: 'public-key'
  readonly response: {
    readonly clientDataJSON: string
    readonly authenticatorData: string
    readonly signature: string
    readonly userHandle?: string | null
  }
}

export interface PasskeyCreationOptions {
  readonly rp: {
    readonly id: string
    readonly name: string
  }
  readonly user: {
    readonly id: string
    readonly name: string
    readonly displayName: string
  }
  readonly challenge: string
  readonly pubKeyCredParams: readonly {
    readonly type: 'public-key'
    readonly alg: number
  }[]
  readonly timeout: number
  readonly excludeCredentials: readonly {
    readonly type: 'public-key'
    readonly id: string
    readonly transports: readonly string[]
  }[]
  readonly authenticatorSelection: {
    readonly residentKey: 'preferred'
    readonly requireResidentKey: false
    readonly userVerification: 'preferred'
  }
  readonly attestation: 'none'
  readonly extensions: {
    readonly credProps: true
  }
}

export interface PasskeyRegistration {
  readonly id: string
  readonly rawId: string
  readonly type: 'public-key'
  readonly response: {
    readonly clientDataJSON: string
    readonly attestationObject: string
    readonly transports?: readonly string[]
  }
}

export interface PasskeyRequestOptions {
  readonly challenge: string
  readonly timeout: number
  readonly rpId: string
  readonly allowCredentials: readonly {
    readonly type: 'public-key'
    readonly id: string
    readonly transports: readonly string[]
  }[]
  readonly userVerification: 'required' | 'preferred'
}

export interface Profile {
  readonly id: string
  readonly username: string
  readonly email?: string
  /** With an address */
  readonly emailVerified?: boolean
  readonly role: string
  /** The role as a list */
  readonly roles: readonly string[]
  readonly createdAt: string
  readonly updatedAt: string
}

export interface RecoveryCodesAdded {
  /** The same as `accessToken` */
  readonly token: string
  /** A JWT (RFC 9068) */
  readonly accessToken: string
  readonly tokenType: 'Bearer'
  /** Seconds */
  readonly expiresIn: number
  readonly factor: Factor
  readonly recoveryCodes: readonly string[]
}

export interface Session {
  readonly id: string
  /** Whether this call belongs to it */
  readonly current: boolean
  readonly createdAt: string
  readonly lastUsedAt: string
  readonly userAgent: string | null
  readonly ip: string | null
}

export interface TokenAnswer {
  /** The same as `accessToken` */
  readonly token: string
  /** A JWT (RFC 9068) */
  readonly accessToken: string
  readonly tokenType: 'Bearer'
  /** Seconds */
  readonly expiresIn: number
  readonly csrfToken: string
  /** With `delivery: "body"` only */
  readonly refreshToken?: string
  readonly user: Profile
}

export interface TotpEnrollment {
  /** In base32, to be typed */
  readonly secret: string
  /** What the QR code says */
  readonly uri: string
  /** An SVG */
  readonly qrCode: string
  /** Seconds */
  readonly expiresIn: number
}

export type ProblemCode =
  | 'invalid_request'
  | 'username_taken'
  | 'weak_password'
  | 'invalid_password'
  | 'invalid_credentials'
  | 'mfa_required'
  | 'mfa_enrollment_required'
  | 'invalid_mfa_token'
  | 'invalid_code'
  | 'invalid_passkey'
  | 'insufficient_user_authentication'
  | 'refresh_token_required'
  | 'invalid_refresh_token'
  | 'token_revoked'
  | 'user_not_found'
  | 'no_token'
  | 'invalid_token'
  | 'unauthorized'
  | 'invalid_service_credential'
  | 'invalid_csrf_token'
  | 'origin_not_allowed'
  | 'insufficient_permissions'
  | 'registration_closed'
  | 'not_found'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'email_taken'
  | 'factor_exists'
  | 'too_many_factors'
  | 'last_factor'
  | 'no_second_factor'
  | 'last_admin'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'expectation_failed'
  | 'too_many_requests'
  | 'headers_too_large'
  | 'internal'
  | 'busy'
  | 'unavailable'

export interface Operations {
  readonly register: {
    readonly body: {
      /** 3 to 64 ASCII letters, digits, ".", "_" and "-", unique without regard to case */
      readonly username?: string
      /** 8 to 128 characters, any of them, taken exactly as sent; common ones are refused */
      readonly password: string
      /** Unverified until its mailbox confirms it */
      readonly email?: string
    }
    readonly answer: {
      readonly message: string
      readonly user: Profile
    }
  }
  readonly login: {
    readonly body: {
      readonly username: string
      readonly password: string
      /** Where the refresh token goes; a cookie when not sent */
      readonly delivery?: 'cookie' | 'body'
    }
    readonly answer: TokenAnswer
  }
  readonly refresh: {
    readonly body:
      | {
          readonly refreshToken?: string
        }
      | undefined
    readonly answer: TokenAnswer
  }
  readonly csrf: {
    readonly body: undefined
    readonly answer: {
      readonly csrfToken: string
    }
  }
  readonly logout: {
    readonly body:
      | {
          readonly refreshToken?: string
        }
      | undefined
    readonly answer: undefined
  }
  readonly logoutAll: { readonly body: undefined; readonly answer: undefined }
  readonly changePassword: {
    readonly body: {
      readonly currentPassword: string
      /** 8 to 128 characters, any of them, taken exactly as sent; common ones are refused */
      readonly newPassword: string
    }
    readonly answer: AccessAnswer
  }
  readonly proveSecondFactor: {
    readonly body: {
      /** Of a 401 `mfa_required` */
      readonly mfaToken: string
      readonly factor: 'totp' | 'recovery' | 'email' | 'password'
      readonly code: string
    }
    readonly answer: TokenAnswer
  }
  readonly stepUp: {
    readonly body: {
      readonly password: string
      /** Where the refresh token goes; a cookie when not sent */
      readonly delivery?: 'cookie' | 'body'
    }
    readonly answer: TokenAnswer
  }
  readonly forgotPassword: {
    readonly body: {
      readonly email: string
    }
    readonly answer: MailSent
  }
  readonly resetPassword: {
    readonly body: {
      /** What stands behind the `#` of the link */
      readonly token: string
      /** 8 to 128 characters, any of them, taken exactly as sent; common ones are refused */
      readonly newPassword: string
      readonly factor?: 'totp' | 'recovery' | 'email' | 'password' | 'passkey'
      readonly code?: string
      readonly response?: PasskeyAssertion
    }
    readonly answer: undefined
  }
  readonly verifyEmail: {
    readonly body: {
      /** What stands behind the `#` of the link */
      readonly token: string
      readonly password?: string
      /** 8 to 128 characters, any of them, taken exactly as sent; common ones are refused */
      readonly newPassword?: string
    }
    readonly answer: undefined
  }
  readonly requestEmailChange: {
    readonly body: {
      readonly email: string
    }
    readonly answer: MailSent
  }
  readonly confirmEmailChange: {
    readonly body: {
      /** What stands behind the `#` of the link */
      readonly token: string
    }
    readonly answer: undefined
  }
  readonly requestSignInCode: {
    readonly body: {
      readonly email: string
    }
    readonly answer: {
      readonly message: string
      readonly challenge: string
    }
  }
  readonly signInWithCode: {
    readonly body: {
      /** What stands behind the `#` of the link */
      readonly challenge: string
      readonly code: string
      /** Where the refresh token goes; a cookie when not sent */
      readonly delivery?: 'cookie' | 'body'
    }
    readonly answer: TokenAnswer
  }
  readonly signInWithLink: {
    readonly body: {
      /** What stands behind the `#` of the link */
      readonly token: string
      /** Where the refresh token goes; a cookie when not sent */
      readonly delivery?: 'cookie' | 'body'
    }
    readonly answer: TokenAnswer
  }
  readonly passkeyRegistrationOptions: {
    readonly body:
      | {
          /** Of a 401 `mfa_enrollment_required`, in place of an access token */
          readonly mfaToken?: string
        }
      | undefined
    readonly answer: PasskeyCreationOptions
  }
  readonly registerPasskey: {
    readonly body: {
      readonly response: PasskeyRegistration
      readonly name?: string
      /** Of a 401 `mfa_enrollment_required`, in place of an access token */
      readonly mfaToken?: string
    }
    readonly answer: FactorAdded
  }
  readonly passkeySignInOptions: {
    readonly body: undefined
    readonly answer: PasskeyRequestOptions
  }
  readonly passkeySignIn: {
    readonly body: {
      readonly response: PasskeyAssertion
      /** Where the refresh token goes; a cookie when not sent */
      readonly delivery?: 'cookie' | 'body'
    }
    readonly answer: TokenAnswer
  }
  readonly passkeySecondFactorOptions: {
    readonly body: {
      /** Of a 401 `mfa_required` */
      readonly mfaToken: string
    }
    readonly answer: PasskeyRequestOptions
  }
  readonly passkeySecondFactor: {
    readonly body: {
      /** Of a 401 `mfa_required` */
      readonly mfaToken: string
      readonly response: PasskeyAssertion
    }
    readonly answer: TokenAnswer
  }
  readonly passkeyStepUpOptions: {
    readonly body: undefined
    readonly answer: PasskeyRequestOptions
  }
  readonly passkeyStepUp: {
    readonly body: {
      readonly response: PasskeyAssertion
      /** Where the refresh token goes; a cookie when not sent */
      readonly delivery?: 'cookie' | 'body'
    }
    readonly answer: TokenAnswer
  }
  readonly listFactors: {
    readonly body: undefined
    readonly answer: {
      readonly factors: readonly Factor[]
    }
  }
  readonly renameFactor: {
    readonly body: {
      readonly name: string
    }
    readonly answer: Factor
  }
  readonly removeFactor: { readonly body: undefined; readonly answer: AccessAnswer }
  readonly beginTotpEnrollment: {
    readonly body:
      | {
          /** Of a 401 `mfa_enrollment_required`, in place of an access token */
          readonly mfaToken?: string
        }
      | undefined
    readonly answer: TotpEnrollment
  }
  readonly confirmTotpEnrollment: {
    readonly body: {
      readonly code: string
      readonly name?: string
      /** Of a 401 `mfa_enrollment_required`, in place of an access token */
      readonly mfaToken?: string
    }
    readonly answer: FactorAdded
  }
  readonly makeRecoveryCodes: { readonly body: undefined; readonly answer: RecoveryCodesAdded }
  readonly addEmailFactor: { readonly body: undefined; readonly answer: FactorAdded }
  readonly sendSecondFactorCode: {
    readonly body: {
      /** Of a 401 `mfa_required` */
      readonly mfaToken: string
    }
    readonly answer: MailSent
  }
  readonly listSessions: {
    readonly body: undefined
    readonly answer: {
      readonly sessions: readonly Session[]
    }
  }
  readonly endSession: { readonly body: undefined; readonly answer: undefined }
}

export const routes = {
  register: ['POST', '/api/auth/register'],
  login: ['POST', '/api/auth/login'],
  refresh: ['POST', '/api/auth/refresh'],
  csrf: ['GET', '/api/auth/csrf'],
  logout: ['POST', '/api/auth/logout'],
  logoutAll: ['POST', '/api/auth/logout-all'],
  changePassword: ['POST', '/api/auth/password'],
  proveSecondFactor: ['POST', '/api/auth/mfa'],
  stepUp: ['POST', '/api/auth/step-up'],
  forgotPassword: ['POST', '/api/auth/password/forgot'],
  resetPassword: ['POST', '/api/auth/password/reset'],
  verifyEmail: ['POST', '/api/auth/email/verify'],
  requestEmailChange: ['POST', '/api/auth/email'],
  confirmEmailChange: ['POST', '/api/auth/email/confirm'],
  requestSignInCode: ['POST', '/api/auth/code'],
  signInWithCode: ['POST', '/api/auth/code/verify'],
  signInWithLink: ['POST', '/api/auth/link/verify'],
  passkeyRegistrationOptions: ['POST', '/api/auth/passkeys/register/options'],
  registerPasskey: ['POST', '/api/auth/passkeys/register'],
  passkeySignInOptions: ['POST', '/api/auth/passkeys/login/options'],
  passkeySignIn: ['POST', '/api/auth/passkeys/login'],
  passkeySecondFactorOptions: ['POST', '/api/auth/mfa/passkey/options'],
  passkeySecondFactor: ['POST', '/api/auth/mfa/passkey'],
  passkeyStepUpOptions: ['POST', '/api/auth/step-up/passkey/options'],
  passkeyStepUp: ['POST', '/api/auth/step-up/passkey'],
  listFactors: ['GET', '/api/auth/mfa/factors'],
  renameFactor: ['PATCH', '/api/auth/mfa/factors/{id}'],
  removeFactor: ['DELETE', '/api/auth/mfa/factors/{id}'],
  beginTotpEnrollment: ['POST', '/api/auth/mfa/totp'],
  confirmTotpEnrollment: ['POST', '/api/auth/mfa/totp/confirm'],
  makeRecoveryCodes: ['POST', '/api/auth/mfa/recovery-codes'],
  addEmailFactor: ['POST', '/api/auth/mfa/factors/email'],
  sendSecondFactorCode: ['POST', '/api/auth/mfa/email'],
  listSessions: ['GET', '/api/auth/sessions'],
  endSession: ['DELETE', '/api/auth/sessions/{id}'],
} as const
