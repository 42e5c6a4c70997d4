project_id = "shop-pro"
zone_name  = "shop.test"

# The deployment
blue_enabled  = true
green_enabled = true
server_active = "blue" # "green"
