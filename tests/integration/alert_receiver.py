#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A webhook receiver for an Alertmanager of a story: writes each alert that it is sent as a line of JSON.
  alert_receiver.py PORT FILE"""
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        with open(sys.argv[2], 'a', encoding='utf-8') as f:
            for alert in sent['alerts']:
                f.write(json.dumps({k: alert[k] for k in ('status', 'labels', 'annotations')}) + '\n')
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


HTTPServer(('127.0.0.1', int(sys.argv[1])), Receiver).serve_forever()
