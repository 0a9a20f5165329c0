-- POST /api/auth/password/forgot, each time with one of the addresses of a file, drawn at random.
-- Arguments: the file, and milliseconds that each connection waits between two requests.
local requests = {}

function init(args)
  math.randomseed(20260101)
  for address in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format('POST', '/api/auth/password/forgot', {
      Host = wrk.headers['Host'],
      ['Content-Type'] = 'application/json',
    }, '{"email":"' .. address .. '"}')
  end
  local pause = tonumber(args[2])
  function delay() return pause end
end

function request()
  return requests[math.random(#requests)]
end
