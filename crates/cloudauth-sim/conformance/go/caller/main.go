// Command caller makes the calls of `calls.py` with the vendor's Go packages: one JSON object per line,
// in and out.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/darabonba-openapi/v2/models"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/aliyun/credentials-go/credentials"
	"github.com/aliyun/credentials-go/credentials/providers"
)

type call struct {
	Config      *models.Config
	Credentials *source
	Issue       *source
	Params      *models.Params
	Request     struct {
		Query, Headers map[string]*string
		Body           map[string]interface{}
	}
}

// source is a profile, or a configuration of the package; the default chain if it is empty.
type source struct {
	Profile string
	credentials.Config
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		result, err := carryOut(in.Bytes())
		if err != nil {
			result = describe(err)
		}
		if err := out.Encode(result); err != nil {
			panic(err)
		}
	}
}

func carryOut(line []byte) (map[string]interface{}, error) {
	var one call
	if err := json.Unmarshal(line, &one); err != nil {
		return nil, err
	}
	if one.Issue != nil {
		from, err := one.Issue.credential()
		if err != nil {
			return nil, err
		}
		issued, err := from.GetCredential()
		return map[string]interface{}{"credentials": issued}, err
	}
	if one.Credentials != nil {
		from, err := one.Credentials.credential()
		if err != nil {
			return nil, err
		}
		one.Config.Credential = from
	}
	using, err := client.NewClient(one.Config)
	if err != nil {
		return nil, err
	}
	request := &models.OpenApiRequest{Query: one.Request.Query, Headers: one.Request.Headers}
	if one.Request.Body != nil {
		request.Body = one.Request.Body
	}
	response, err := using.CallApi(one.Params, request, &dara.RuntimeOptions{})
	return map[string]interface{}{"body": response["body"]}, err
}

func (from *source) credential() (credentials.Credential, error) {
	if from.Profile != "" {
		profile, err := providers.NewCLIProfileCredentialsProviderBuilder().WithProfileName(from.Profile).Build()
		if err != nil {
			return nil, err
		}
		return credentials.FromCredentialsProvider("profile", profile), nil
	}
	if from.Type == nil {
		return credentials.NewCredential(nil)
	}
	return credentials.NewCredential(&from.Config)
}

func describe(err error) map[string]interface{} {
	result := map[string]interface{}{"error": fmt.Sprintf("%T", err), "message": err.Error()}
	var refusal *tea.SDKError
	if errors.As(err, &refusal) {
		var data struct{ RequestId string }
		// Without data there is no request ID, and the comparison fails.
		_ = json.Unmarshal([]byte(tea.StringValue(refusal.Data)), &data)
		result["code"], result["status"], result["request_id"] = refusal.Code, refusal.StatusCode, data.RequestId
	}
	return result
}
