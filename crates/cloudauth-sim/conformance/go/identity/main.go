// Command identity prints the identity that the vendor's Go package finds, as one line of JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/aliyun/credentials-go/credentials"
)

func main() {
	id, err := identity()
	line := map[string]string{"id": id}
	if err != nil {
		line = map[string]string{"error": fmt.Sprintf("%T", err)}
	}
	json.NewEncoder(os.Stdout).Encode(line)
}

func identity() (string, error) {
	client, err := credentials.NewCredential(nil)
	if err != nil {
		return "", err
	}
	found, err := client.GetCredential()
	if err != nil {
		return "", err
	}
	if found.AccessKeyId == nil || *found.AccessKeyId == "" {
		return *found.Type, nil
	}
	return *found.AccessKeyId, nil
}
