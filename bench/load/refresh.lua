-- POST /api/auth/refresh with the refresh cookie and the CSRF token of a session that is drawn at random. The answer
-- brings that session's next token. A session is out of the pool while a request of it is under way, so each is a client
-- that refreshes one time after the other.
-- Argument: a file with `<refresh token> <csrf token>` on each line (`-` for no CSRF token), one line more than there
-- are connections: before it begins wrk asks for a request that it never sends.
local pool = {}
local head = 'POST /api/auth/refresh HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nCookie: refreshToken='
local csrf_head = '\r\nx-csrf-token: '

function init(args)
  math.randomseed(20260101)
  for line in io.lines(args[1]) do
    local token, csrf = line:match('^(%S+) (%S+)$')
    pool[#pool + 1] = { token = token, csrf = csrf }
  end
end

function request()
  local at = math.random(#pool)
  local session = pool[at]
  pool[at] = pool[#pool]
  pool[#pool] = nil
  if session.csrf == '-' then return head .. session.token .. '\r\n\r\n' end
  return head .. session.token .. csrf_head .. session.csrf .. '\r\n\r\n'
end

function response(status, headers, body)
  if status ~= 200 then return end
  local cookie = headers['set-cookie'] or headers['Set-Cookie']
  pool[#pool + 1] = {
    token = cookie:match('refreshToken=([^;]+)'),
    csrf = body:match('"csrfToken":"([^"]+)"') or '-',
  }
end
