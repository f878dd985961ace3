# An operator's hour. The test `hour` runs it on a terminal, against a simulator whose variables are set:
# $SHANGHAI and $CLOUDAUTH_SIM_ADMIN are URLs of it. transcript.txt is what is printed.
step() {
    echo
    echo "# $1"
}
run() {
    echo "\$ $*"
    "$@"
    echo "(exit status $?)"
}

step "Can the service be used from here?"
run cloudauth doctor

step "Open a verification, and let the person finish."
run cloudauth init --scene-id 1000000006 --outer-order-no order1 --return-url https://shop.example/back \
    --meta-info device.json --person person.txt
CERTIFY_ID=$(cloudauth call DescribeVerifySearchPageList --params search.json --json |
    sed 's/.*"CertifyId":"\([^"]*\)".*/\1/')
run cloudauth describe --scene-id 1000000006 --certify-id "$CERTIFY_ID"
cloudauth sim finish "$CERTIFY_ID" --sub-code 204 >/dev/null
run cloudauth watch --scene-id 1000000006 --certify-id "$CERTIFY_ID" --for 20 2>/dev/null

step "The person did not pass. What does 204 mean?"
run cloudauth explain 204

step "Shanghai goes down. Beijing responds instead."
cloudauth sim break --region cn-shanghai >/dev/null
run cloudauth describe --scene-id 1000000006 --certify-id "$CERTIFY_ID"
run cloudauth doctor --endpoint "$SHANGHAI"
cloudauth sim heal >/dev/null

step "A host has another secret: why is its signature refused?"
ALIBABA_CLOUD_ACCESS_KEY_SECRET=mistyped run cloudauth describe --scene-id 1000000006 --certify-id "$CERTIFY_ID"
run cloudauth explain signaturedoesnotmatch

step "Page through the records."
for order in 2 3; do
    cloudauth init --scene-id 1000000006 --outer-order-no "order$order" --meta-info device.json \
        --return-url https://shop.example/back --person person.txt --json >/dev/null
done
run cloudauth call DescribeVerifySearchPageList --params search.json --all-pages

step "Which operation checks a phone number, and what would it cost?"
run cloudauth ops Mobile3MetaSimpleVerify
echo '{"ParamType": "normal", "UserName": 1}' | run cloudauth call Mobile3MetaSimpleVerfy
echo '{"ParamTyp": "normal"}' | run cloudauth call Mobile3MetaSimpleVerify
