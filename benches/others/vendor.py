"""CPU time per call of the vendor's Python package."""

import os
import time

from alibabacloud_cloudauth20190307.client import Client
from alibabacloud_cloudauth20190307.models import DescribeFaceVerifyRequest
from alibabacloud_tea_openapi.models import Config

calls = int(os.environ["CALLS"])
client = Client(
    Config(
        access_key_id="LTAI0EXAMPLEKEYID",
        access_key_secret="exampleSecret",
        endpoint=os.environ["ADDRESS"],
        protocol="http",
    )
)
request = DescribeFaceVerifyRequest(
    scene_id=1000000006, certify_id="91707dc296d469ad38e4c5efa6a0f24b"
)
for _ in range(20):
    client.describe_face_verify(request)
begun = time.process_time()
for _ in range(calls):
    client.describe_face_verify(request)
spent = (time.process_time() - begun) / calls
print(f"{'Python SDK':<44}{spent * 1e6:>12.1f}")
