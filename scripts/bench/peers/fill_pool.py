"""Adds invented users to the user pool.

usage: fill_pool.py COUNT
"""

import http.client
import json
import os
import sys
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

PLACE = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"]).netloc
HEADERS = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "AWSCognitoIdentityProviderService.AdminCreateUser",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/cognito-idp/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=0",
}


def add(numbers):
    connection = http.client.HTTPConnection(PLACE)
    for number in numbers:
        email = f"bench_{number}@example.com"
        attributes = {
            "email": email,
            "email_verified": "true",
            "preferred_username": f"bench_{number}",
            "name": "Somebody Invented",
        }
        body = {
            "UserPoolId": os.environ["AWS_COGNITO_USER_POOL_ID"],
            "Username": email,
            "MessageAction": "SUPPRESS",
            "UserAttributes": [{"Name": name, "Value": value} for name, value in attributes.items()],
        }
        connection.request("POST", "/", json.dumps(body), HEADERS)
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200 and "UsernameExistsException" not in text:
            sys.exit(f"{answer.status}: {text}")


with ThreadPoolExecutor(4) as pool:
    list(pool.map(add, [range(1 + start, int(sys.argv[1]) + 1, 4) for start in range(4)]))
