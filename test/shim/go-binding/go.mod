module go-binding

go 1.26
