-- KEYS: stream. ARGV: most entries, then of each event: id, subject, kind, text.
for i = 2, #ARGV, 4 do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'e', ARGV[i], 'u', ARGV[i + 1], 'k', ARGV[i + 2], 't', ARGV[i + 3])
end
return 1
