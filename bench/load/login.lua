-- POST /api/auth/login, each time with one of the user names of a file, drawn at random.
-- Arguments: the file, and the password that all of them have.
local requests = {}

function init(args)
  math.randomseed(20260101)
  local headers = { ['Host'] = wrk.headers['Host'], ['Content-Type'] = 'application/json' }
  for name in io.lines(args[1]) do
    local body = string.format('{"username":"%s","password":"%s"}', name, args[2])
    requests[#requests + 1] = wrk.format('POST', '/api/auth/login', headers, body)
  end
end

function request()
  return requests[math.random(#requests)]
end
