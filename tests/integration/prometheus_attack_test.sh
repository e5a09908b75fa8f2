#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A Prometheus that answers without end, too much, too slowly, or with what is no name: a plan that reads it ends in bounded
# time and memory, says what is wrong, and prints nothing that steers a terminal. Needs python3. Argument: the build folder.
set -u
B=$1
command -v python3 >/dev/null || { echo "no python3"; exit 77; }
. tests/story.sh
D=$(mktemp -d) || exit 1
trap 'kill $server 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
cat >"$D/server.py" <<'END'
import sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
def vector(results):
    return ('{"status":"success","data":{"resultType":"vector","result":[' + ','.join(results) + ']}}').encode()
def series(name, value, more=''):
    return '{"metric":{"instance":"%s"%s},"value":[%f,"%s"]}' % (name, more, time.time(), value)
values = ['NaN', '+Inf', '1e308', '-1e308', '-1', '9223372036854775808']
names = ['../../x', '\\u001b[31m', 'h\\n1', '%s%n', '\\"', 'a' * 5000, '\\u202eh1', 'h1']
answers = {
    'odd': lambda: vector([series('h%d:9100' % i, values[i % 6], ',"device":"e\\u001b[31m"') for i in range(3000)]),
    'names': lambda: vector([series(n, '64', ',"device":"eth0","domain":"%s"' % n) for n in names]),
    'future': lambda: b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{"instance":"h1"},"value":[1e300,"64"]},'
                      b'{"metric":{"instance":"h1"},"value":[NaN,"64"]}]}}',
    'deep': lambda: b'{"status":"success","data":' + b'[' * 100000,
}
class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def log_message(self, *_):
        pass
    def do_POST(self):
        self.rfile.read(int(self.headers.get('Content-Length', 0)))
        self.do_GET()
    def do_GET(self):
        mode = self.path.split('/')[1]
        self.send_response(200)
        try:
            if mode in answers:
                body = answers[mode]()
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            elif mode == 'endless':
                self.send_header('Connection', 'close')
                self.end_headers()
                self.wfile.write(b'{"status":"success","data":{"resultType":"vector","result":[')
                while True:
                    self.wfile.write(b'[],' * 20000)
            elif mode == 'huge': # within what was allowed once, and parsed as a whole then: 9.6 GiB
                head, piece = b'{"status":"success","data":{"resultType":"vector","result":[', b'[],' * 100000
                self.send_header('Content-Length', str(len(head) + len(piece) * 300))
                self.end_headers()
                self.wfile.write(head)
                for _ in range(300):
                    self.wfile.write(piece)
            else: # a byte now and then
                self.send_header('Content-Length', '10000000')
                self.end_headers()
                while True:
                    self.wfile.write(b' ')
                    time.sleep(0.1)
        except OSError:
            pass
server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
END
python3 "$D/server.py" >"$D/port" 2>/dev/null &
server=$!
listens() { [ -s "$D/port" ]; }
check "a server" until_true 20 listens
cat >"$D/run.py" <<'END' # what it takes: seconds, MiB, and its exit status
import resource, subprocess, sys, time
begun = time.time()
with open(sys.argv[1], 'wb') as out:
    try:
        status = subprocess.run(sys.argv[2:], stdout=out, stderr=subprocess.STDOUT, timeout=120).returncode
    except subprocess.TimeoutExpired:
        status = 124
print(int((time.time() - begun) * 1000), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, status)
END
for mode in odd names future deep endless huge drip; do
	read -r ms mib ended < <(python3 "$D/run.py" "$D/out" "$B/plimsoll" plan --prometheus "http://127.0.0.1:$(cat "$D/port")/$mode" \
		--set agentless.timeout=5s)
	echo "        $mode: $ms ms, $mib MiB, exit $ended: $(head -n 1 "$D/out" | cut -c1-120)"
	check "$mode: it ends, and not well" [ "$ended" != 0 ] && [ "$ended" != 124 ]
	check "$mode: by no signal" [ "$ended" -lt 124 ]
	check "$mode: it says something" [ -s "$D/out" ]
	check "$mode: in no more memory than its bound needs" [ "$mib" -lt 600 ]
	check "$mode: nothing steers a terminal" not grep -qP '\x1b\[31m|\xe2\x80\xae' "$D/out"
done
[ "$story_failed" = 0 ]
