#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A receiver of notices: of a webhook, whose signatures it checks by itself, and of an Alertmanager's API v2.
  notices_receiver.py PORT SECRET FOLDER

A line a notice that it takes in FOLDER/webhook, a line a request in FOLDER/alerts; what is wrong with one in FOLDER/faults. FOLDER/mode
says what it does: ok, 500 (answers that), hang (answers nothing as long as that is so)."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import sys
import time

PORT, SECRET, FOLDER = int(sys.argv[1]), base64.b64decode(sys.argv[2].removeprefix('whsec_')), sys.argv[3]


def mode():
    try:
        return open(os.path.join(FOLDER, 'mode'), encoding='ascii').read().strip()
    except FileNotFoundError:
        return 'ok'


def put(name, line):
    with open(os.path.join(FOLDER, name), 'a', encoding='utf-8') as out:
        out.write(line + '\n')


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def check(self, body):
        """By the specification: HMAC-SHA256 of ID.TIMESTAMP.BODY; not older than five minutes."""
        i, t, signature = (self.headers.get('webhook-' + x) or '' for x in ('id', 'timestamp', 'signature'))
        want = base64.b64encode(hmac.new(SECRET, f'{i}.{t}.'.encode() + body, hashlib.sha256).digest()).decode()
        if not any(hmac.compare_digest(s, 'v1,' + want) for s in signature.split(' ')):
            put('faults', f'{i}: the signature is not right')
        if not t.isdigit() or abs(time.time() - int(t)) > 300:
            put('faults', f'{i}: {t} is not now')
        if json.loads(body)['id'] != i:
            put('faults', f'{i}: the body has another id')

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        while mode() == 'hang':
            time.sleep(0.1)
        if mode() == '500':
            code = 500
        elif self.path == '/hook':
            self.check(body)
            put('webhook', body.decode())
            code = 204
        elif self.path == '/api/v2/alerts':
            put('alerts', body.decode())
            code = 200
        else:
            put('faults', self.path)
            code = 404
        try:
            self.send_response(code)
            self.send_header('Content-Length', '0')
            self.end_headers()
        except OSError:
            put('gone', self.path)


http.server.ThreadingHTTPServer(('127.0.0.1', PORT), Receiver).serve_forever()
